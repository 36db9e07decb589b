"""The expected content of a warehouse, computed in plain Python from the lines of each delivery."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from tasks.ingest.presets import ONLINE_RETAIL
from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.plain_run import assert_accounted
from tests.support.slices import Line

_FACTS = """
select i.feed, i.invoice_no, p.stock_code, f.description, f.quantity, f.sold_at, f.unit_price, c.customer_id,
    k.country, f.currency, f.copy_number, f.total_amount, t.date, i.timezone,
    f.invoice_key, f.line_id, f.delivery_key, f.line_no
from retail_dwh.fact_sale f
join retail_dwh.dim_invoice i using (invoice_key) join retail_dwh.dim_product p using (product_key)
join retail_dwh.dim_customer c using (customer_key) join retail_dwh.dim_country k using (country_key)
join retail_dwh.dim_date t using (date_key)
"""
_SALE_LINE = """
select feed, invoice_no, stock_code, description, quantity, sold_at_local, unit_price, customer_id, country,
    currency, copy_number
from retail_dwh.sale_line
"""
_DELIVERY = """
select d.feed, d.name, d.rows_in, d.rows_loaded, d.rows_duplicate, d.rows_quarantined, d.rows_passed_over,
    (select count(*) from retail_ops.line_source s where s.delivery_key = d.delivery_key) as further,
    (select array_agg(line_no order by line_no) from retail_ops.quarantine q
     where q.attempt_id = d.attempt_id) as quarantined,
    (select count(*) from retail_ops.quality_score s where s.attempt_id = d.attempt_id) as scores
from retail_ops.delivery d
"""


@dataclass(frozen=True)
class Feed:
    """A feed and its settings."""

    name: str = "default"
    timezone: str = "Europe/London"
    currency: str = "GBP"
    identical_lines: str = "keep"

    @property
    def parameters(self) -> dict[str, Any]:
        """The settings as parameters of a run."""
        return {"timezone": self.timezone, "currency": self.currency, "identical_lines": self.identical_lines}


Contents = Mapping[tuple[Feed, str], Sequence[Line]]


@dataclass(frozen=True)
class _Sold:
    feed: str
    invoice_no: str
    stock_code: str
    description: str | None
    quantity: int
    sold_at_local: datetime
    unit_price: Decimal
    customer_id: int | None
    country: str | None
    currency: str
    copy_number: int
    sold_at: datetime
    timezone: str

    @property
    def as_seen(self) -> tuple[object, ...]:
        """The line as ``sale_line`` shows it."""
        return tuple(vars(self).values())[:11]


def _present(text: str) -> str | None:
    return None if text.upper() in {"", "NULL", "NAN", "N/A", "\\N"} else text


def _read(line: Line, feed: Feed, seen: Counter[tuple[object, ...]]) -> _Sold | None:
    """Normalise and number a line; return None if it must be quarantined."""
    invoice, code, description, quantity, when, price, customer, country = (
        _present((text or "").strip()) for text in line[:8]
    )
    currency = line[8] if len(line) > 8 else feed.currency
    told = datetime.fromisoformat(str(when))
    zone = ZoneInfo(feed.timezone)
    # Without an offset fold 0: the first of two equal local times.
    instant = (told if told.tzinfo else told.replace(tzinfo=zone)).astimezone(UTC)
    local = (instant.astimezone(zone) if told.tzinfo else told).replace(tzinfo=None)
    if int(str(quantity)) == 0 or instant.astimezone(zone).replace(tzinfo=None) != local:
        return None
    number = int(float(customer)) if customer else None
    columns = (feed.name, str(invoice).upper(), str(code).upper(), description, int(str(quantity)), local)
    rest = (Decimal(str(price)), number, country)
    identity = (*columns, *rest, instant, currency)
    seen[identity] += 1
    return _Sold(*columns, *rest, str(currency), seen[identity], instant, feed.timezone)


def _lines(contents: Contents) -> Iterator[tuple[Feed, str, int, _Sold | None]]:
    for (feed, name), lines in contents.items():
        seen: Counter[tuple[object, ...]] = Counter()
        for number, line in enumerate(lines, 1):
            yield feed, name, number, _read(line, feed, seen)


async def assert_exactly(warehouse: ConnectionSettings, contents: Contents) -> None:
    """Assert that the warehouse has the lines of these deliveries and nothing else.

    Compares facts, the owner and further sources of each line with their line numbers, ``sale_line``, members and
    attributes of the dimensions, the quarantine, and the counts in the ledger.
    """
    await assert_accounted(warehouse)
    async with connected(warehouse) as connection:
        kept = [
            (name, number, sold)
            for feed, name, number, sold in _lines(contents)
            if sold and (feed.identical_lines == "keep" or sold.copy_number == 1)
        ]
        await _assert_sources(connection, kept)
        await _assert_dimensions(connection, {sold for _, _, sold in kept})
        await _assert_ledger(connection, contents)


async def _assert_sources(connection: asyncpg.Connection, kept: Sequence[tuple[str, int, _Sold]]) -> None:
    facts = await connection.fetch(_FACTS)
    names = dict(await connection.fetch("select delivery_key, name from retail_ops.delivery"))
    by_id = {(row["invoice_key"], row["line_id"]): row for row in facts}
    assert len(by_id) == len(facts), "a line is loaded twice"
    further_sources = await connection.fetch(
        "select invoice_key, line_id, delivery_key, line_no from retail_ops.line_source"
    )
    sources = Counter((_fact(row), names[row["delivery_key"]], row["line_no"]) for row in facts)
    sources += Counter(
        (_fact(by_id[row["invoice_key"], row["line_id"]]), names[row["delivery_key"]], row["line_no"])
        for row in further_sources
    )
    expected = Counter(((*sold.as_seen, sold.sold_at), name, number) for name, number, sold in kept)
    assert sources == expected, (
        f"unexpected {[*(sources - expected)][:3]}, missing {[*(expected - sources)][:3]}"
    )
    assert len(facts) == len({sold for _, _, sold in kept})
    for row in facts:
        assert row["total_amount"] == row["quantity"] * row["unit_price"]
    shown = Counter(tuple(row) for row in await connection.fetch(_SALE_LINE))
    assert shown == Counter(sold.as_seen for sold in {sold for _, _, sold in kept})


def _fact(row: asyncpg.Record) -> tuple[object, ...]:
    local = row["sold_at"].astimezone(ZoneInfo(row["timezone"]))
    assert row["date"] == local.date()
    return (*tuple(row)[:5], local.replace(tzinfo=None), *tuple(row)[6:11], row["sold_at"])


async def _assert_dimensions(connection: asyncpg.Connection, lines: set[_Sold]) -> None:
    best: dict[str, tuple[bool, datetime, str]] = {}
    for line in lines:
        if line.description is not None:
            rank = (line.unit_price > 0, line.sold_at, line.description)
            best[line.stock_code] = max(best.get(line.stock_code, rank), rank)
    nothing = (None, None, None)
    products = {
        tuple(row)
        for row in await connection.fetch(
            "select stock_code, is_merchandise, description_priced, description_sold_at, description "
            "from retail_dwh.dim_product"
        )
    }
    codes = {line.stock_code for line in lines}
    assert products == {
        (code, code not in ONLINE_RETAIL.not_merchandise, *best.get(code, nothing)) for code in codes
    }
    customers = {row[0] for row in await connection.fetch("select customer_id from retail_dwh.dim_customer")}
    assert customers == {line.customer_id for line in lines} | {None}
    countries = {row[0] for row in await connection.fetch("select country from retail_dwh.dim_country")}
    assert countries | {None} == {line.country for line in lines} | {None}
    invoice_rows = await connection.fetch(
        "select feed, invoice_no, invoice_type, timezone from retail_dwh.dim_invoice"
    )
    assert Counter(tuple(row) for row in invoice_rows) == Counter(
        {(line.feed, line.invoice_no, _kind(line.invoice_no), line.timezone) for line in lines}
    )


def _kind(invoice_no: str) -> str:
    if re.match(r"C\d", invoice_no):
        return "cancellation"
    return "adjustment" if re.match(r"A\d", invoice_no) else "sale"


async def _assert_ledger(connection: asyncpg.Connection, contents: Contents) -> None:
    rows = {(row["feed"], row["name"]): row for row in await connection.fetch(_DELIVERY)}
    assert rows.keys() == {(feed.name, name) for feed, name in contents}
    for (feed, name), lines in contents.items():
        row = rows[feed.name, name]
        read = [(number, sold) for _, _, number, sold in _lines({(feed, name): lines})]
        quarantined = [number for number, sold in read if sold is None]
        further = sum(1 for _, sold in read if sold and sold.copy_number > 1)
        dropped = further if feed.identical_lines == "drop" else 0
        assert row["rows_in"] == len(lines) + row["rows_passed_over"]
        assert row["rows_quarantined"] == len(quarantined)
        assert (row["quarantined"] or []) == quarantined
        assert row["rows_duplicate"] == row["further"] + dropped
        counted = (
            row["rows_loaded"] + row["rows_duplicate"] + row["rows_quarantined"] + row["rows_passed_over"]
        )
        assert row["rows_in"] == counted
        assert row["scores"] == 5
