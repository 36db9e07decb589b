"""The currency of each line: told by its delivery, else that of the feed."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tasks.validate.silver import Silver
from tests.support.deliveries import NAMES, as_csv, row, write
from tests.support.lines import lines_of, validate_sources

Told = tuple[str, str | None]  # price, currency


def _delivery(path: Path, *lines: Told, names: tuple[str, ...] = (*NAMES, "Currency")) -> Path:
    rows = [
        (*row(invoice_no=str(536365 + number), unit_price=price), currency)[: len(names)]
        for number, (price, currency) in enumerate(lines)
    ]
    return write(path, as_csv(rows, names))


def _money(silver: Silver) -> list[tuple[str, str]]:
    lines = lines_of(silver).sort("line_no")
    return [(str(price), currency) for price, currency in lines.select("unit_price", "currency").iter_rows()]


def _rules(silver: Silver) -> dict[str, int]:
    return {rule: count for quality in silver.deliveries for rule, count in quality.rules.items()}


def test_a_currency_column_counts(tmp_path: Path) -> None:
    day = _delivery(tmp_path / "day.csv", ("1.00", "EUR"), ("2.00", "usd"), ("3.00", "£"))
    assert _money(validate_sources(tmp_path / "w", [day])) == [
        ("1.0000", "EUR"),
        ("2.0000", "USD"),
        ("3.0000", "GBP"),
    ]


def test_the_same_in_parquet(tmp_path: Path) -> None:
    day = _delivery(tmp_path / "day.csv", ("1.00", "EUR"), ("2.00", "USD"))
    pl.read_csv(day, infer_schema=False).write_parquet(tmp_path / "day.parquet")
    as_text = validate_sources(tmp_path / "w", [day])
    silver = validate_sources(tmp_path / "w", [tmp_path / "day.parquet"])
    assert _money(silver) == [("1.0000", "EUR"), ("2.0000", "USD")]
    assert (
        lines_of(silver).get_column("line_id").to_list() == lines_of(as_text).get_column("line_id").to_list()
    )


def test_a_line_without_one_is_not_given_that_of_the_feed(tmp_path: Path) -> None:
    day = _delivery(tmp_path / "day.csv", ("1.00", "EUR"), ("2.00", None))
    silver = validate_sources(tmp_path / "w", [day])
    assert _money(silver) == [("1.0000", "EUR")]
    assert _rules(silver) == {"currency_told": 1}


def test_nor_is_one_beside_lines_whose_currency_is_unknown(tmp_path: Path) -> None:
    day = _delivery(tmp_path / "day.csv", ("1.00", "doubloons"), ("2.00", None))
    silver = validate_sources(tmp_path / "w", [day])
    assert _money(silver) == []
    assert _rules(silver) == {"currency_known": 1, "currency_told": 1}


@pytest.mark.parametrize("word", ["nan", "NULL", " "])
def test_a_word_for_missing_tells_none(tmp_path: Path, word: str) -> None:
    day = _delivery(tmp_path / "day.csv", ("1.00", word), ("2.00", None))
    assert _money(validate_sources(tmp_path / "w", [day])) == [("1.0000", "GBP"), ("2.0000", "GBP")]


def test_an_empty_column_leaves_the_currency_of_the_feed(tmp_path: Path) -> None:
    day = _delivery(tmp_path / "day.csv", ("1.00", None), ("2.00", None))
    assert _money(validate_sources(tmp_path / "w", [day], currency="CHF")) == [
        ("1.0000", "CHF"),
        ("2.0000", "CHF"),
    ]


def test_the_next_delivery_of_a_batch_tells_for_itself_only(tmp_path: Path) -> None:
    told = _delivery(tmp_path / "a.csv", ("1.00", "EUR"))
    untold = _delivery(tmp_path / "b.csv", ("2.00", None), names=NAMES)
    assert _money(validate_sources(tmp_path / "w", [told, untold])) == [("1.0000", "EUR"), ("2.0000", "GBP")]


def test_a_mark_of_one_currency_tells_it(tmp_path: Path) -> None:
    day = _delivery(tmp_path / "day.csv", ("€1.00", None), ("2.00 £", None), names=NAMES)
    assert _money(validate_sources(tmp_path / "w", [day])) == [("1.0000", "EUR"), ("2.0000", "GBP")]


@pytest.mark.parametrize("currency", ["USD", "CAD", "AUD"])
def test_a_dollar_fits_a_feed_of_dollars(tmp_path: Path, currency: str) -> None:
    day = _delivery(tmp_path / "day.csv", ("$8.00", None), ("-$6.25", None), names=NAMES)
    silver = validate_sources(tmp_path / "w", [day], currency=currency)
    assert _money(silver) == [("8.0000", currency), ("-6.2500", currency)]


def test_a_dollar_names_no_currency_by_itself(tmp_path: Path) -> None:
    day = _delivery(
        tmp_path / "day.csv", ("$8.00", None), ("$8.00", "CAD"), ("$8.00", "EUR"), ("8.00", "USD")
    )
    silver = validate_sources(tmp_path / "w", [day])
    assert _money(silver) == [("8.0000", "CAD"), ("8.0000", "USD")]
    assert _rules(silver) == {"price_in_currency": 1, "currency_told": 1}


def test_the_way_out_is_told(tmp_path: Path) -> None:
    day = _delivery(tmp_path / "day.csv", ("$8.00", None), names=NAMES)
    (quality,) = validate_sources(tmp_path / "w", [day]).deliveries
    assert quality.rules["price_in_currency"] == 1
    assert "unit_price_readable" not in quality.rules
    (note,) = quality.notes
    assert note.startswith("1 of its lines break price_in_currency.")
    assert "--currency" in note


def test_a_mark_that_contradicts_the_column(tmp_path: Path) -> None:
    day = _delivery(tmp_path / "day.csv", ("€8.00", "USD"), ("£8.00", "GBP"))
    silver = validate_sources(tmp_path / "w", [day])
    assert _money(silver) == [("8.0000", "GBP")]
    assert _rules(silver) == {"price_in_currency": 1}


def test_the_quarantine_shows_the_currency(tmp_path: Path) -> None:
    day = _delivery(tmp_path / "day.csv", ("1.00", "EUR"), ("2.00", "doubloons"))
    silver = validate_sources(tmp_path / "w", [day])
    (raw,) = pl.read_parquet(silver.quarantine).get_column("raw")
    assert '"Currency":"doubloons"' in raw


def test_amounts_of_copies_by_currency(tmp_path: Path) -> None:
    lines = [(*row(unit_price="1.00"), currency) for currency in ("EUR", "USD", "EUR", "GBP", "GBP")]
    day = write(tmp_path / "day.csv", as_csv(lines, (*NAMES, "Currency")))
    (quality,) = validate_sources(tmp_path / "w", [day]).deliveries
    assert quality.rows_identical == 2
    assert quality.identical_amounts == {"EUR": "6.0000", "GBP": "6.0000"}
    assert quality.identical_amount == "6.0000"


def test_lines_that_differ_in_currency_alone_are_two(tmp_path: Path) -> None:
    lines = [(*row(), currency) for currency in ("GBP", "EUR", "USD")]
    day = write(tmp_path / "day.csv", as_csv(lines, (*NAMES, "Currency")))
    told = lines_of(validate_sources(tmp_path / "w", [day]))
    plain = lines_of(validate_sources(tmp_path / "w", [write(tmp_path / "plain.csv", as_csv([row()]))]))
    assert told.get_column("line_id").n_unique() == 3
    # The feed's currency, told or not, is no news.
    assert told.get_column("line_id")[0] == plain.get_column("line_id")[0]
