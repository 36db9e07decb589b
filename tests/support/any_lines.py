"""Lines of any shop, with all that a mapping can tell of them, as silver without files, and what a warehouse has of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import polars as pl

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.validate.schema import LINE, QUARANTINE
from tasks.validate.score import DeliveryQuality
from tasks.validate.settings import FeedSettings, ValidationSettings
from tasks.validate.silver import Silver
from tasks.warehouse.load.transaction import load
from tasks.workspace import outputs
from tasks.workspace.parquet_parts import write_part
from tests.support.plain_run import AS_OF, assert_accounted, new_run, start_run

_NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
_FACTS = """
select i.feed, i.invoice_no, p.stock_code, f.kind, c.customer_number, f.store, f.source_line, f.quantity, f.unit_price,
    f.total_amount, f.is_merchandise, f.attributes::text, f.invoice_attributes::text, f.discount_amount, f.tax_amount,
    f.cost_amount, f.line_id, f.invoice_key, d.name, f.line_no, p.is_merchandise as product_is_merchandise,
    i.invoice_type, c.customer_id
from retail_dwh.fact_sale f
join retail_dwh.dim_invoice i using (invoice_key) join retail_dwh.dim_product p using (product_key)
join retail_dwh.dim_customer c using (customer_key) join retail_ops.delivery d using (delivery_key)
"""
_SOURCES = """
select s.line_id, d.feed, d.name, s.line_no, s.attributes::text, s.invoice_attributes::text, s.discount_amount,
    s.tax_amount, s.cost_amount
from retail_ops.line_source s join retail_ops.delivery d using (delivery_key)
"""


@dataclass(frozen=True)
class Details:
    """What deliveries can say differently of a line; JSON in the spelling of Postgres."""

    attributes: str | None = None
    invoice_attributes: str | None = None
    discount_amount: Decimal | None = None
    tax_amount: Decimal | None = None
    cost_amount: Decimal | None = None

    @property
    def rank(self) -> tuple[object, ...]:
        """The order of details."""
        texts = (self.attributes, self.invoice_attributes)
        amounts = (self.discount_amount, self.tax_amount, self.cost_amount)
        least = Decimal("-Infinity")
        return (
            *((text or "").encode() for text in texts),
            *(least if amount is None else amount for amount in amounts),
        )


@dataclass(frozen=True)
class AnyLine:
    """A line: what makes its identity, and its details. An amount of None is quantity x price."""

    invoice_no: str
    stock_code: str
    kind: str = "sale"
    customer_number: str | None = None
    store: str | None = None
    source_line: str | None = None
    quantity: Decimal = Decimal(1)
    unit_price: Decimal = Decimal("2.5")
    amount: Decimal | None = None
    details: Details = field(default_factory=Details)

    @property
    def total_amount(self) -> Decimal:
        """The amount as stored."""
        exact = self.quantity * self.unit_price if self.amount is None else self.amount
        return exact.quantize(Decimal("0.0001"), ROUND_HALF_UP)

    def line_id(self, feed: str) -> bytes:
        """A hash of the identity."""
        identity = repr((feed, replace(self, details=Details())))
        return hashlib.md5(identity.encode(), usedforsecurity=False).digest()

    def is_merchandise(self, feed: str) -> bool:
        """Whether it is merchandise; postage is in all feeds but one."""
        return self.kind in {"sale", "return"} and (feed, self.stock_code) != ("north", "POST")


Content = tuple[AnyLine, ...]
Contents = Mapping[tuple[str, str], Content]


def silver_of_lines(feed: str, contents: Mapping[str, Content], root: Path, parts: int = 1) -> Silver:
    """Write deliveries as silver of a feed, line after line into the parts in turn."""
    rows = [
        _row(feed, name, number, line)
        for name, lines in contents.items()
        for number, line in enumerate(lines, 1)
    ]
    qualities = tuple(
        DeliveryQuality(name, _hash(lines), len(lines), 0, 0, 0, "0") for name, lines in contents.items()
    )

    def fill(folder: Path) -> dict[str, Any]:
        for part in range(parts):
            frame = pl.DataFrame(rows[part::parts], schema=LINE)
            write_part(frame, outputs.part_path(folder, part))
        write_part(pl.DataFrame(schema=QUARANTINE), folder / "quarantine.parquet")
        return {}

    name = outputs.hash_of(feed, parts, [asdict(quality) for quality in qualities])
    folder, _ = outputs.make_output(root, "silver", name, fill)
    return Silver(str(folder), parts, qualities, ValidationSettings(FeedSettings(feed), AS_OF))


async def load_lines(
    warehouse: ConnectionSettings, folder: Path, feed: str, contents: Mapping[str, Content], parts: int = 1
) -> list[str]:
    """Load deliveries of a feed, whatever they replace; return their outcomes."""
    this = new_run()
    await start_run(warehouse, this, feed)
    silver = silver_of_lines(feed, contents, folder, parts)
    result = await load(
        warehouse, silver, silver.deliveries, this, replace_anyway=True, accept_known_bytes=True
    )
    return [delivery.outcome for delivery in result.deliveries]


def _hash(lines: Iterable[AnyLine]) -> str:
    return hashlib.sha256(repr(tuple(lines)).encode()).hexdigest()


def _row(feed: str, name: str, number: int, line: AnyLine) -> dict[str, Any]:
    details = asdict(line.details)
    for key in ("attributes", "invoice_attributes"):
        if details[key]:
            details[key] = json.dumps(json.loads(details[key]), separators=(",", ":"), ensure_ascii=False)
    columns = {key: getattr(line, key) for key in LINE if hasattr(line, key) and key != "line_id"}
    return {
        **columns,
        **details,
        "delivery": name,
        "line_no": number,
        "line_id": line.line_id(feed),
        "copy_number": 1,
        "description": None,
        "sold_at": _NOON,
        "sold_at_local": _NOON.replace(tzinfo=None),
        "is_merchandise": line.is_merchandise(feed),
        "country": None,
        "currency": "GBP",
    }


async def assert_any_lines(warehouse: ConnectionSettings, contents: Contents) -> None:
    """Assert that a warehouse has the lines of these deliveries, each owned by the one with the greatest details."""
    await assert_accounted(warehouse)
    async with connected(warehouse) as connection:
        facts = await connection.fetch(_FACTS)
        further = await connection.fetch(_SOURCES)
        members = await connection.fetch(
            "select customer_number from retail_dwh.dim_customer where customer_key > 0"
        )
    sources: dict[bytes, dict[str, tuple[int, AnyLine]]] = {}
    for (feed, name), lines in contents.items():
        for number, line in enumerate(lines, 1):
            sources.setdefault(line.line_id(feed), {})[name] = (number, line)
    of_feed = {line.line_id(feed): feed for (feed, _), lines in contents.items() for line in lines}
    assert {row["line_id"].bytes for row in facts} == sources.keys()
    assert len(facts) == len(sources)
    every = [(of_feed[key], line) for key, names in sources.items() for _, line in names.values()]
    for row in facts:
        names = sources[row["line_id"].bytes]
        greatest = max(line.details.rank for _, line in names.values())
        number, owned = names[row["name"]]
        assert (owned.details.rank, row["line_no"]) == (greatest, number), "another delivery owns the line"
        assert tuple(row)[:16] == (*_identity(row["feed"], owned), *asdict(owned.details).values())
        _assert_members(row, every)
    expected = {
        (key, of_feed[key], name, number, *asdict(line.details).values())
        for key, names in sources.items()
        for name, (number, line) in names.items()
    }
    owners = {
        (row["line_id"].bytes, row["feed"], row["name"], row["line_no"], *tuple(row)[11:16]) for row in facts
    }
    assert {(row["line_id"].bytes, *tuple(row)[1:]) for row in further} == expected - owners
    assert {row[0] for row in members} == {line.customer_number for _, line in every} - {None}


def _identity(feed: str, line: AnyLine) -> tuple[object, ...]:
    texts = (feed, line.invoice_no, line.stock_code, line.kind, line.customer_number, line.store)
    numbers = (line.quantity, line.unit_price, line.total_amount)
    return (*texts, line.source_line, *numbers, line.is_merchandise(feed))


def _assert_members(row: Mapping[str, Any], every: Sequence[tuple[str, AnyLine]]) -> None:
    """Assert that the product, the invoice and the customer of a fact are what the lines that are there make them."""
    assert row["product_is_merchandise"] == any(
        line.is_merchandise(feed) for feed, line in every if line.stock_code == row["stock_code"]
    )
    kinds = {line.kind for feed, line in every if (feed, line.invoice_no) == (row["feed"], row["invoice_no"])}
    of_kinds = "cancellation" if kinds == {"return"} else "sale"
    assert row["invoice_type"] == ("adjustment" if row["invoice_no"] == "A7" else of_kinds)
    plain = {"7": 7, "17850": 17850}
    assert row["customer_id"] == plain.get(row["customer_number"])
