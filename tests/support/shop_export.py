"""Exports of a made-up shop, and the mapping that reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import polars as pl
from hypothesis import strategies as st

from tasks.ingest.mapping.content import kept_text
from tasks.ingest.mapping.load import load_mapping
from tests.support.deliveries import as_csv, write

NAMES = (
    "Receipt",
    "At",
    "Shop",
    "Client",
    "Currency",
    "Ship",
    "Line",
    "What",
    "SKU",
    "Pieces",
    "Money",
    "Off",
    "Shelf",
)
# The column Shelf is mapped to nothing: an attribute.
_TOML = """
schema = 1
name = "shop"
[read]
decimal = "."
[fill]
key = ["Receipt"]
columns = ["At", "Shop", "Client", "Currency"]
[line]
invoice = "Receipt"
code = "SKU"
quantity = "Pieces"
customer = "Client"
currency = "Currency"
store = "Shop"
line_number = "Line"
equal_lines = "real"
[line.time]
columns = "At"
[line.amount]
{amount} = "Money"
marks = ["$"]
[line.measures]
discount = {{ column = "Off", sign = "negative" }}
[order]
shipping = "Ship"
[[kind]]
kind = "return"
when = {{ What = ["refund"] }}
sign = "negative"
[[kind]]
kind = "tip"
when = {{ What = ["tip"] }}
[[kind]]
kind = "void"
when = {{ What = ["void"] }}
[rows]
none = {{ What = ["paid"] }}
[words]
What = ["item", "refund", "tip"]
[constant]
Country = ""
"""
CUTS = ("whole", "whole", "first half", "second half", "backwards", "doubled", "corrected")


@dataclass(frozen=True)
class Row:
    """A row of a receipt as the shop writes it: without sign; ``what`` may be a word that the mapping does not know."""

    line: str
    what: str
    sku: str
    pieces: Decimal
    money: Decimal
    off: Decimal | None


@dataclass(frozen=True)
class Receipt:
    """A receipt; what it tells once stands on its first row."""

    number: str
    at: str
    shop: str
    client: str
    currency: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Part:
    """What a delivery tells of a receipt: some of its rows, with details that another delivery may tell differently."""

    receipt: Receipt
    cut: str
    shipping: str
    shelf: str

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows, in the order of the delivery."""
        rows = self.receipt.rows
        half = (len(rows) + 1) // 2
        return {
            "whole": rows,
            "first half": rows[:half],
            "second half": rows[half:] or rows,
            "backwards": rows[::-1],
            "doubled": (*rows, rows[0]),
            "corrected": (replace(rows[0], money=rows[0].money + 1, off=None), *rows[1:]),
        }[self.cut]


Content = tuple[Part, ...]


def receipts() -> st.SearchStrategy[tuple[Receipt, ...]]:
    """Generate receipts of other numbers; equal rows, without a line number or with the same, are copies."""
    row = st.builds(
        Row,
        line=st.just(""),
        what=st.sampled_from(["item", "item", "item", "refund", "tip", "void", "gift"]),
        sku=st.sampled_from(["TEA", "MUG"]),
        pieces=st.sampled_from([Decimal(1), Decimal(2), Decimal("0.125"), Decimal("1.0005")]),
        money=st.sampled_from([Decimal("3.33"), Decimal("0.01"), Decimal(0)])
        | st.decimals("0.01", "9999.99", places=2),
        off=st.sampled_from([None, Decimal("0.00"), Decimal("0.31")]),
    )
    receipt = st.builds(
        Receipt,
        # By the letter, C4 is a cancellation in Online Retail alone.
        number=st.sampled_from(["1", "2", "3", "C4"]),
        at=st.sampled_from(["2025-03-01 10:00:00", "2025-07-02 23:30:00"]),
        shop=st.sampled_from(["", "Leeds", "York, \\"]),
        client=st.sampled_from(["", "7", "007", "C,1"]),
        currency=st.sampled_from(["GBP", "EUR", "USD"]),
        rows=st.lists(row, min_size=1, max_size=2).flatmap(_numbered),
    )
    some = st.lists(receipt, min_size=1, max_size=4, unique_by=lambda receipt: receipt.number)
    return some.map(tuple).filter(lambda receipts: any(_is_read(receipt) for receipt in receipts))


def _numbered(rows: Sequence[Row]) -> st.SearchStrategy[tuple[Row, ...]]:
    """Generate one to four of some rows, with or without a line number."""
    numbered = st.builds(
        lambda row, line: replace(row, line=line), st.sampled_from(rows), st.sampled_from(["", "1", "2"])
    )
    return st.lists(numbered, min_size=1, max_size=4).map(tuple)


def _is_read(receipt: Receipt) -> bool:
    return any(row.what != "void" for row in receipt.rows)


def contents(pool: Sequence[Receipt]) -> st.SearchStrategy[Content]:
    """Generate the content of a delivery: each of some receipts once, at least one row of which is not void."""
    part = st.builds(
        Part,
        receipt=st.sampled_from(pool),
        cut=st.sampled_from(CUTS),
        shipping=st.sampled_from(["", "3.50", "10.00"]),
        shelf=st.sampled_from(["", "", "Z", "a", "é"]),
    )
    some = st.lists(part, min_size=1, max_size=3, unique_by=lambda part: part.receipt.number).map(tuple)
    return some.filter(lambda parts: any(row.what != "void" for part in parts for row in part.rows))


def mapping(*, by_piece: bool) -> str:
    """The content of the shop's mapping, as a feed keeps it; Money is the price of a piece, or the amount of a line."""
    text = _TOML.format(amount="piece" if by_piece else "line")
    return kept_text(load_mapping(text).content)


def write_export(path: Path, content: Content) -> Path:
    """Write a delivery as CSV or Parquet, by the file's suffix: what a receipt tells once, and a payment behind it."""
    rows: list[tuple[str, ...]] = []
    for part in content:
        receipt = part.receipt
        first: tuple[str, ...] = (receipt.at, receipt.shop, receipt.client, receipt.currency, part.shipping)
        for row in part.rows:
            off = "" if row.off is None else f"({row.off})"
            value = (row.line, row.what, row.sku, f"{row.pieces}", f"${row.money:,}", off, part.shelf)
            rows.append((receipt.number, *first, *value))
            first = ("",) * len(first)
        rows.append((receipt.number, *first, "", "paid", *[""] * 5))
    if path.suffix == ".parquet":
        path.parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame(rows, schema=dict.fromkeys(NAMES, pl.String), orient="row").write_parquet(path)
        return path
    return write(path, as_csv(rows, NAMES))
