"""Receipts as a till exports them, and the same lines under our own names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
from hypothesis import strategies as st

from tasks.ingest.mapping.content import kept_text
from tasks.ingest.mapping.load import load_mapping
from tests.support.deliveries import as_csv, write
from tests.support.slices import Line

NAMES = (
    "Till",
    "Receipt",
    "Date",
    "Time",
    "Kind",
    "Article",
    "Barcode",
    "Text",
    "Pieces",
    "Price",
    "Client",
    "Land",
)
TOML = """
schema = 1
name = "till"

[read]
decimal = ","
header_within = 5
footer = ["end of the export"]

[fill]
key = ["Till", "Receipt"]
columns = ["Date", "Time", "Client", "Land"]

[line]
negative_is = "sale"
invoice = ["Till", "Receipt"]
code = ["Article", "Barcode"]
code_else = "OPEN"
description = "Text"
quantity = "Pieces"
customer = "Client"
country = "Land"

[line.time]
columns = ["Date", "Time"]
formats = ["%d.%m.%Y %H:%M:%S"]

[line.amount]
piece = "Price"
marks = ["€"]

[rows]
lines = { Kind = ["item"] }
none = { Kind = ["card", "cash"] }
"""


@dataclass(frozen=True)
class Item:
    """A line of a receipt."""

    article: str
    barcode: str
    text: str
    pieces: int
    price: Decimal


@dataclass(frozen=True)
class Receipt:
    """A receipt of a till."""

    till: int
    number: int
    time: datetime
    client: str
    land: str
    items: tuple[Item, ...]


_TEXTS = st.sampled_from(["", "Mug, blue", 'a "b"', "two\nrows", "Tee;Kanne"])
_ITEMS = st.builds(
    Item,
    article=st.sampled_from(["", "A1", "a1", "B-2"]),
    barcode=st.sampled_from(["", "401234"]),
    text=_TEXTS,
    pieces=st.sampled_from([1, 2, -1, 1000]),
    price=st.decimals("0.0001", "99999.9999", places=4) | st.just(Decimal("2.5000")),
)
# Receipts of two tills, each number once.
RECEIPTS = st.lists(
    st.builds(
        Receipt,
        till=st.sampled_from([1, 2]),
        number=st.integers(1, 5),
        time=st.datetimes(datetime(2011, 1, 1), datetime(2011, 11, 30)).map(
            lambda time: time.replace(microsecond=0)
        ),
        client=st.sampled_from(["", "17850"]),
        land=st.sampled_from(["", "France"]),
        items=st.lists(_ITEMS, min_size=1, max_size=4).map(tuple),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda receipt: (receipt.till, receipt.number),
)


def mapping() -> str:
    """The content of the till's mapping, as a feed keeps it."""
    return kept_text(load_mapping(TOML).content)


def lines(receipts: Iterable[Receipt]) -> list[Line]:
    """The lines of receipts in our eight columns."""
    return [
        (
            f"{receipt.till}/{receipt.number}",
            item.article or item.barcode or "OPEN",
            item.text or None,
            str(item.pieces),
            f"{receipt.time:%Y-%m-%d %H:%M:%S}",
            str(item.price),
            receipt.client or None,
            receipt.land or None,
        )
        for receipt in receipts
        for item in receipt.items
    ]


def write_export(path: Path, receipts: Sequence[Receipt], *, payments: bool = True) -> Path:
    """Write the till's own export, as CSV or Parquet: fields of a receipt on its first row, payments behind it."""
    rows: list[tuple[str, ...]] = []
    for receipt in receipts:
        number = (str(receipt.till), str(receipt.number))
        first = (f"{receipt.time:%d.%m.%Y}", f"{receipt.time:%H:%M:%S}")
        whose = (receipt.client, receipt.land)
        for item in receipt.items:
            price = f"{item.price:,.4f}".translate(str.maketrans(",.", ".,")) + " €"
            value = (item.article, item.barcode, item.text, str(item.pieces), price)
            rows.append((*number, *first, "item", *value, *whose))
            first, whose = ("", ""), ("", "")
        if payments:
            rows.append((*number, "", "", "card", "", "", "", "", "", "", ""))
    if path.suffix == ".parquet":
        path.parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame(rows, schema=dict.fromkeys(NAMES, pl.String), orient="row").write_parquet(path)
        return path
    text = as_csv(rows, NAMES, delimiter=";")
    return write(
        path, f"Till 1, shop in Leeds\r\n{';' * 11}\r\n{text}{len(rows)} rows, end of the export\r\n"
    )
