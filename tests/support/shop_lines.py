"""What a warehouse has of the exports of ``shop_export``, computed in plain Python."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.support.shop_export import Content, Part, Receipt, Row

# Kinds of the words that are lines.
KINDS = {"item": "sale", "refund": "return", "tip": "tip"}


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


def lines_of(content: Content, *, by_piece: bool) -> Iterator[tuple[Sold, int, Details]]:
    """Yield the lines of a delivery that are read, with the number of the copy."""
    copies: Counter[Sold] = Counter()
    for part in content:
        shipping: str | None = part.shipping or None
        for row in part.rows:
            if row.what not in KINDS:
                continue
            sold = _sold(part.receipt, row, by_piece=by_piece)
            copies[sold] += 1
            # On the first row that is read.
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
