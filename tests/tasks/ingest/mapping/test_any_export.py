"""Whatever a shop exports, its mapped lines, orders and rows never sold add up to what was sold."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.ingest import source_file
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tasks.ingest.ingested import Bronze
from tasks.ingest.mapping.content import kept_text
from tasks.ingest.mapping.load import load_mapping
from tasks.ingest.readers import csv, parts
from tasks.ingest.reading import ReadingSettings
from tests.support.deliveries import as_csv, bronze_of, frame_of, write
from tests.support.soak import size

_NAMES = ["Sale", "At", "Shop", "Currency", "Shipping", "What", "SKU", "Pieces", "Sum", "Off"]
_TOML = """
schema = 1
name = "any"
[read]
decimal = "."
[fill]
key = ["Sale"]
columns = ["At", "Shop", "Currency"]
[line]
invoice = "Sale"
code = "SKU"
quantity = "Pieces"
currency = "Currency"
store = "Shop"
[line.time]
columns = "At"
[line.amount]
line = "Sum"
marks = ["$"]
[line.measures]
discount = { column = "Off", sign = "negative" }
[order]
shipping = "Shipping"
[[kind]]
kind = "return"
when = { What = ["refund"] }
sign = "negative"
[[kind]]
kind = "void"
when = { What = ["void"] }
[rows]
none = { What = ["paid"] }
[words]
What = ["item", "refund"]
[constant]
Country = ""
"""


@dataclass(frozen=True)
class _Item:
    what: str
    pieces: Decimal
    amount: Decimal
    off: Decimal


@dataclass(frozen=True)
class _Sale:
    shop: str
    currency: str
    shipping: Decimal
    items: tuple[_Item, ...]


_MONEY = st.decimals("0.01", "99999.99", places=2)
_SALES = st.lists(
    st.builds(
        _Sale,
        shop=st.sampled_from(["", "Leeds", "York"]),
        currency=st.sampled_from(["EUR", "USD"]),
        shipping=_MONEY,
        items=st.lists(
            st.builds(
                _Item,
                what=st.sampled_from(["item", "refund", "void"]),
                pieces=st.decimals("0.001", "999", places=3),
                amount=_MONEY,
                off=_MONEY,
            ),
            min_size=1,
            max_size=4,
        ).map(tuple),
    ),
    min_size=1,
    max_size=6,
)


def _export(sales: list[_Sale]) -> str:
    rows = []
    for number, sale in enumerate(sales, 1):
        first = ["2026-03-01", sale.shop, sale.currency, f"{sale.shipping}"]
        for item in sale.items:
            rows.append(
                [str(number), *first, item.what, "S1", f"{item.pieces}", f"${item.amount:,}", f"({item.off})"]
            )
            first = [""] * 4
        rows.append([str(number), *first, "paid", "", "", "", ""])
    return as_csv(rows, _NAMES)


def _ingest(text: str, folder: Path) -> Bronze:
    path = write(folder / "export.csv", text)
    reading = ReadingSettings(mapping=kept_text(load_mapping(_TOML).content))
    return bronze_of(ingest(discover([str(path)]).deliveries, {}, folder / "workspace", reading=reading))


def _lines(sales: list[_Sale]) -> list[tuple[object, ...]]:
    lines: list[tuple[object, ...]] = []
    for number, sale in enumerate(sales, 1):
        shipping: object = sale.shipping
        for item in sale.items:
            if item.what == "void":
                continue
            sign, kind = (-1, "return") if item.what == "refund" else (1, None)
            money = (sign * item.pieces, sign * item.amount, sign * item.off)
            lines.append((str(number), kind, sale.shop or None, sale.currency, *money, shipping))
            shipping = None
    return lines


def _void(sales: list[_Sale]) -> dict[str, Decimal]:
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for sale in sales:
        for item in sale.items:
            if item.what == "void":
                amounts[sale.currency] += item.amount
    return dict(amounts)


@pytest.mark.parametrize("in_blocks", [False, True])
def test_an_export_adds_up(in_blocks: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if in_blocks:
        monkeypatch.setattr(source_file, "HELD_BYTES", 0)
        monkeypatch.setattr(source_file, "CHUNK_BYTES", 150)
        monkeypatch.setattr(csv, "PEEK", 150)
        monkeypatch.setattr(parts, "ROWS_PER_PART", 2)

    @settings(max_examples=size(8, soak=2000))
    @given(_SALES.filter(lambda sales: bool(_lines(sales))))
    def check(sales: list[_Sale]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            bronze = _ingest(_export(sales), Path(folder))
            told = frame_of(bronze).select(
                "invoice_no",
                "kind",
                "store",
                "currency",
                "quantity",
                "amount",
                "discount",
                "invoice_attributes",
            )
        assert [
            (*row[:4], *map(Decimal, row[4:7]), row[7] and Decimal(json.loads(row[7])["shipping"]))
            for row in told.iter_rows()
        ] == _lines(sales)
        passed = bronze.deliveries[0].passed_over
        assert passed["What = paid"]["rows"] == len(sales)
        void = passed.get("void", {"rows": 0, "amounts": {}})
        assert void["rows"] == sum(item.what == "void" for sale in sales for item in sale.items)
        assert {currency: Decimal(text) for currency, text in void["amounts"].items()} == _void(sales)

    check()
