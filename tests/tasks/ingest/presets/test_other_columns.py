"""Exports of a known system with columns moved, added or left out: the same figures, or refused with the way out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tasks.errors import DeliveryError
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tasks.ingest.mapping.content import kept_text
from tasks.ingest.presets import preset
from tasks.ingest.presets.recognise import chosen_preset
from tasks.ingest.reading import DEFAULT_READING
from tasks.validate.settings import FeedSettings, ValidationSettings
from tasks.validate.silver import validate
from tasks.workspace.outputs import part_path
from tests.support.deliveries import bronze_of, write
from tests.support.presets import SAMPLES, sample

Rows = list[list[str]]
_SAMPLES = [(file, name) for file, name, _ in SAMPLES if name != "online_retail"]
_ADDED = {
    "Colour": "blue",
    "Exchange rate": "1.10",
    "Net amount (reporting)": "12.00",
    "Payout status": "open",
    "Unit Price": "9.99",
    "Order reference": "R1",
    "Buyer name": "Ann Lee",
    "Delivery phone": "555 1234",
}


@dataclass(frozen=True)
class _Figures:
    lines: int
    kinds: dict[str, int]
    quantity: str
    amounts: dict[str, str]
    passed_over: dict[str, int]


def _rows(file: str) -> Rows:
    if file.endswith(".tsv"):
        return [line.split("\t") for line in sample(file).read_bytes().decode("cp1252").splitlines()]
    return list(csv.reader(io.StringIO(sample(file).read_bytes().decode("utf-8-sig"))))


def _write(tmp_path: Path, file: str, rows: Rows) -> Path:
    if file.endswith(".tsv"):
        return write(tmp_path / file, "".join("\t".join(row) + "\r\n" for row in rows))
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return write(tmp_path / file, text.getvalue())


def _figures(tmp_path: Path, file: str, rows: Rows) -> tuple[_Figures, tuple[str, ...]]:
    """The figures of a file as its preset reads it, and its notes."""
    deliveries = discover([str(_write(tmp_path, file, rows))]).deliveries
    found = chosen_preset(deliveries, DEFAULT_READING)
    assert found is not None
    feed = FeedSettings(mapping=kept_text(found[0].content), currency="EUR" if "woo" in file else "USD")
    bronze = bronze_of(ingest(deliveries, {}, tmp_path / "workspace", reading=feed.reading))
    silver = validate(bronze, ValidationSettings(feed, date(2026, 11, 29)), tmp_path / "workspace")
    (quality,) = silver.deliveries
    assert quality.rows_quarantined == 0
    lines = pl.concat(pl.read_parquet(part_path(silver.folder, number)) for number in range(silver.parts))
    amounts = lines.group_by(pl.col("currency").cast(pl.String)).agg(
        pl.col("total_amount").sum().cast(pl.String)
    )
    figures = _Figures(
        lines.height,
        dict(lines.get_column("kind").cast(pl.String).value_counts().iter_rows()),
        str(lines.get_column("quantity").sum()),
        dict(amounts.iter_rows()),
        {reason: told["rows"] for reason, told in quality.passed_over.items()},
    )
    return figures, tuple(quality.notes)


def _errors(tmp_path: Path, file: str, rows: Rows) -> DeliveryError:
    deliveries = discover([str(_write(tmp_path, file, rows))]).deliveries
    assert chosen_preset(deliveries, DEFAULT_READING) is None
    (error,) = ingest(deliveries, {}, tmp_path / "workspace", reading=DEFAULT_READING).failed
    return error


def _without(rows: Rows, names: Sequence[str]) -> Rows:
    kept = [position for position, name in enumerate(rows[0]) if name not in names]
    return [[row[position] for position in kept] for row in rows]


@pytest.mark.parametrize(("file", "name"), _SAMPLES)
def test_columns_in_another_order(tmp_path: Path, file: str, name: str) -> None:
    rows = _rows(file)
    expected, _ = _figures(tmp_path / "a", file, rows)
    assert _figures(tmp_path / "b", file, [row[::-1] for row in rows])[0] == expected


@pytest.mark.parametrize(("file", "name"), _SAMPLES)
def test_columns_that_the_preset_does_not_know(tmp_path: Path, file: str, name: str) -> None:
    rows = _rows(file)
    expected, _ = _figures(tmp_path / "a", file, rows)
    names, values = [*_ADDED], [*_ADDED.values()]
    half = len(names) // 2
    added = [
        [*more[:half], *row, *more[half:]]
        for row, more in zip(rows, [names, *[values] * len(rows)], strict=False)
    ]
    figures, notes = _figures(tmp_path / "b", file, added)
    assert figures == expected
    assert any(
        "Not stored, since named as if of a person: Buyer name, Delivery phone." in note for note in notes
    )
    (telling,) = [note for note in notes if "may change every sum" in note]
    assert "Net amount (reporting) (12.00" in telling
    assert "Payout status (open" in telling
    assert "Colour" not in telling


@pytest.mark.parametrize(("file", "name"), _SAMPLES)
def test_columns_that_not_every_export_has(tmp_path: Path, file: str, name: str) -> None:
    rows = _rows(file)
    expected, _ = _figures(tmp_path / "a", file, rows)
    signature = preset(name).signature
    # A tip and an item that was cancelled are told by these.
    telling = {"Vendor", "item-status"}
    figures, _ = _figures(tmp_path / "b", file, _without(rows, [*{*signature.optional} - telling]))
    # A coupon's row may have nothing left.
    assert sum(figures.passed_over.values()) == sum(expected.passed_over.values())
    assert replace(figures, passed_over={}) == replace(expected, passed_over={})


@pytest.mark.parametrize(
    ("file", "name", "column"),
    [
        (file, name, group[0])
        for file, name in (_SAMPLES[0], *_SAMPLES[2:3], *_SAMPLES[4:])
        for group in preset(name).signature.required
    ],
)
def test_without_a_column_that_it_needs(tmp_path: Path, file: str, name: str, column: str) -> None:
    error = _errors(tmp_path, file, _without(_rows(file), [column]))
    assert f"{name} (lacks {column!r})" in error.what
    assert f"--preset {name} > my.toml" in error.next_step
    assert "Discount Code=" not in error.next_step


def _renamed(**names: str) -> Callable[[Rows], Rows]:
    return lambda rows: [[names.get(name.replace(" ", "_"), name) for name in rows[0]], *rows[1:]]


def _changed(pattern: str, by: str) -> Callable[[Rows], Rows]:
    return lambda rows: [rows[0], *([re.sub(pattern, by, text) for text in row] for row in rows[1:])]


def _with_currency(rows: Rows) -> Rows:
    """The order's currency, on its first row only."""
    return [
        [*rows[0], "Currency"],
        *([*row, "CHF" if row[0] == "1501" else "EUR" if row[0] else ""] for row in rows[1:]),
    ]


def _with_tax(rows: Rows) -> Rows:
    """Gross Sales with tax: before discounts is Product Sales."""
    gross = rows[0].index("Gross Sales")
    names = [*rows[0][:gross], "Product Sales", *rows[0][gross + 1 :], "Gross Sales"]
    return [names, *([*row, "$99.00"] for row in rows[1:])]


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("woocommerce_orders.csv", _renamed(Item_Name="Name")),
        ("square.csv", _with_tax),
        ("square.csv", _changed(r"\$", "US$")),
        ("amazon_orders.tsv", _changed(r"\+00:00$", "Z")),
        ("shopify.csv", _renamed(Lineitem_sku="Lineitem SKU", Cancelled_at="Canceled at")),
    ],
)
def test_other_ages_and_countries(tmp_path: Path, file: str, change: Callable[[Rows], Rows]) -> None:
    rows = _rows(file)
    expected, _ = _figures(tmp_path / "a", file, rows)
    figures, _ = _figures(tmp_path / "b", file, change(rows))
    assert figures.amounts == expected.amounts
    assert (figures.lines, figures.kinds, figures.quantity) == (
        expected.lines,
        expected.kinds,
        expected.quantity,
    )


def test_woocommerce_with_the_ordered_quantity(tmp_path: Path) -> None:
    """Refunds are not taken off it: what came back is a sale, and the order tells the refund."""
    rows = _rows("woocommerce_orders.csv")
    at = rows[0].index("Quantity (- Refund)")
    ordered = [row if row[at] != "0" else [*row[:at], "1", *row[at + 1 :]] for row in rows]
    figures, _ = _figures(
        tmp_path,
        "woocommerce_orders.csv",
        [[name.removesuffix(" (- Refund)") for name in rows[0]], *ordered[1:]],
    )
    assert figures.kinds == {"sale": 10}
    assert figures.passed_over == {"Item Name = (blank)": 1, "cancelled": 1, "unpaid": 1}


def test_woocommerce_with_the_currency_of_each_order(tmp_path: Path) -> None:
    figures, _ = _figures(tmp_path, "woocommerce_orders.csv", _with_currency(_rows("woocommerce_orders.csv")))
    assert set(figures.amounts) == {"CHF", "EUR"}
    assert figures.lines == 8


@pytest.mark.parametrize(
    ("file", "change", "looks", "key"),
    [
        (
            "shopify.csv",
            _changed(r"^(\d{4})-(\d\d)-(\d\d) (\d\d:\d\d):\d\d [-+]\d{4}$", r"\3/\2/\1 \4"),
            "none of 17 times is read: they look like '12/03/2026 20:00'",
            'formats = ["eu"] (day first) under [line.time] (they have lost the UTC offset of the export; ',
        ),
        (
            "square_items.csv",
            _changed(r"^2026-(\d\d)-(\d\d)$", r"\1/\2/26"),
            "none of 6 times is read: they look like '10/31/26 23:58:10'",
            'formats = ["us"] (month first) under [line.time]. ',
        ),
        (
            "woocommerce_orders.csv",
            _changed(r"^2026-(\d\d)-(\d\d) (\d\d:\d\d)$", r"\2.\1.2026, \3"),
            "none of 8 times is read: they look like '28.03.2026, 23:40'",
            'formats = ["%d.%m.%Y, %H:%M"] under [line.time]. ',
        ),
        (
            "amazon_orders.tsv",
            _changed(r"^2026-(\d\d)-(\d\d)T", r"\2 Tag \1 "),
            "none of 8 times is read: they look like '05 Tag 03 08:15:00+00:00'",
            'how they look as formats under [line.time], as in "%d.%m.%Y %H:%M"',
        ),
        (
            "amazon_orders.tsv",
            _changed(r"^(\d+)\.(\d\d)$", r"\1,\2"),
            "none of 8 amounts is read: they look like '59,80'",
            'decimal = "," under [read]. ',
        ),
    ],
)
def test_a_form_that_the_preset_does_not_read(
    tmp_path: Path, file: str, change: Callable[[Rows], Rows], looks: str, key: str
) -> None:
    error = _errors(tmp_path, file, change(_rows(file)))
    assert looks in error.what
    assert key in error.next_step
    # The preset was tried: it is the start of a mapping, not named once more.
    assert not re.search(r"retail etl \S+ --preset", error.next_step)
    assert f"retail etl {tmp_path / file} --mapping my.toml" in error.next_step


def test_a_preset_named_for_times_that_it_does_not_read(tmp_path: Path) -> None:
    """As by --preset: the note of the refused delivery names the key that reads them."""
    rows = _changed(r"^2026-(\d\d)-(\d\d)$", r"\1/\2/26")(_rows("square.csv"))
    deliveries = discover([str(_write(tmp_path, "square.csv", rows))]).deliveries
    feed = FeedSettings(mapping=kept_text(preset("square_items").content), currency="USD")
    bronze = bronze_of(ingest(deliveries, {}, tmp_path / "workspace", reading=feed.reading))
    (quality,) = validate(
        bronze, ValidationSettings(feed, date(2026, 11, 29)), tmp_path / "workspace"
    ).deliveries
    assert quality.rules["sold_at_readable"] == 10
    (note,) = [note for note in quality.notes if "sold_at_readable" in note]
    assert "formats of [line.time] in its mapping, or --date-format" in note
