"""Exports of a made-up shop that a mapping reads, and what a warehouse has of them, computed in plain Python."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

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
# Kinds of the words that are lines.
KINDS = {"item": "sale", "refund": "return", "tip": "tip"}
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


@dataclass(frozen=True)
class Sold:
    """The identity of a line, beside its copy number."""

    invoice_no: str
    at: str
    stock_code: str
    kind: str
    customer_number: str | None
    store: str | None
    source_line: str | None
    currency: str
    quantity: Decimal
    unit_price: Decimal
    total_amount: Decimal


@dataclass(frozen=True)
class Details:
    """What is no part of it; JSON in the spelling of Postgres."""

    attributes: str | None
    invoice_attributes: str | None
    discount_amount: Decimal | None

    @property
    def rank(self) -> tuple[bytes, bytes, Decimal]:
        """The order in which the greatest is shown."""
        texts = ((text or "").encode() for text in (self.attributes, self.invoice_attributes))
        amount = Decimal("-Infinity") if self.discount_amount is None else self.discount_amount
        attributes, order = texts
        return attributes, order, amount


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


def lines_of(content: Content, *, by_piece: bool) -> Iterator[tuple[Sold, int, Details]]:
    """Yield the lines of a delivery that are read, with the number of the copy."""
    copies: Counter[Sold] = Counter()
    for part in content:
        shipping: str | None = part.shipping or None
        # On the first row that is a line, whatever becomes of it.
        for row in part.rows:
            if row.what == "void":
                continue
            if row.what in KINDS:
                sold = _sold(part.receipt, row, by_piece=by_piece)
                copies[sold] += 1
                yield sold, copies[sold], _details(part, row, shipping)
            shipping = None


def _sold(receipt: Receipt, row: Row, *, by_piece: bool) -> Sold:
    sign = -1 if row.what == "refund" else 1
    quantity, amount = sign * row.pieces, sign * row.money
    price = row.money if by_piece else _rounded(amount / quantity)
    return Sold(
        receipt.number,
        receipt.at,
        row.sku,
        KINDS[row.what],
        receipt.client or None,
        receipt.shop or None,
        row.line or None,
        receipt.currency,
        quantity,
        price,
        _rounded(quantity * price) if by_piece else amount,
    )


def _details(part: Part, row: Row, shipping: str | None) -> Details:
    sign = -1 if row.what == "refund" else 1
    return Details(
        _json({"Shelf": part.shelf}) if part.shelf else None,
        _json({"shipping": shipping}) if shipping else None,
        None if row.off is None else sign * row.off,
    )


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _rounded(number: Decimal) -> Decimal:
    # Half away from zero.
    return number.quantize(Decimal("0.0001"), ROUND_HALF_UP)


@dataclass(frozen=True)
class Account:
    """What the ledger has of a delivery."""

    rows_in: int
    rows_read: int
    quarantined: int
    passed_over: Mapping[str, tuple[int, Mapping[str, Decimal]]]


def account_of(content: Content, *, by_piece: bool) -> Account:
    """Return what the ledger has of a delivery; ``rows_read`` are loaded or duplicate."""
    rows = [(part.receipt.currency, row) for part in content for row in part.rows]
    voids: dict[str, Decimal] = defaultdict(Decimal)
    for currency, row in rows:
        if row.what == "void":
            voids[currency] += row.money * (row.pieces if by_piece else 1)
    void = sum(row.what == "void" for _, row in rows)
    passed_over: dict[str, tuple[int, Mapping[str, Decimal]]] = {"What = paid": (len(content), {})}
    if void:
        passed_over["void"] = (void, dict(voids))
    known = sum(row.what in KINDS for _, row in rows)
    return Account(len(rows) + len(content), known, len(rows) - void - known, passed_over)


def facts_of(deliveries: Iterable[Content], *, by_piece: bool) -> dict[tuple[Sold, int], Details]:
    """Return the lines of all deliveries by identity and copy number, each with the greatest of its details."""
    facts: dict[tuple[Sold, int], Details] = {}
    for content in deliveries:
        for sold, copy_number, details in lines_of(content, by_piece=by_piece):
            other = facts.setdefault((sold, copy_number), details)
            facts[sold, copy_number] = max(other, details, key=lambda one: one.rank)
    return facts
