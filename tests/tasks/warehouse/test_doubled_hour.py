"""Sales in an hour that comes twice: the offset decides which, and the warehouse keeps it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.validate.line_id import line_ids
from tasks.validate.schema import TYPED
from tests.support.plain_run import assert_accounted, run, state, take_out
from tests.support.slices import Line, invoices, write

_SALE: Line = ("700001", "22752", "NESTING BOXES", "1", "", "7.65", "17850", "United Kingdom")
NAIVE, FIRST, SECOND = ("2010-10-31 01:30:00", "2010-10-31 01:30:00+01:00", "2010-10-31 01:30:00+00:00")
FIRST_AT = datetime(2010, 10, 31, 0, 30, tzinfo=UTC)
SECOND_AT = datetime(2010, 10, 31, 1, 30, tzinfo=UTC)
_IDENTITIES = """
select f.line_id, f.copy_number, f.sold_at, i.timezone, i.feed, i.invoice_no, p.stock_code, f.description, f.quantity,
    f.unit_price, c.customer_id, k.country
from retail_dwh.fact_sale f join retail_dwh.dim_invoice i using (invoice_key)
join retail_dwh.dim_product p using (product_key) join retail_dwh.dim_customer c using (customer_key)
join retail_dwh.dim_country k using (country_key)
"""


def _sales(*dates: str) -> list[Line]:
    return [(*_SALE[:4], date, *_SALE[5:]) for date in dates]


async def _times(warehouse: ConnectionSettings) -> list[datetime]:
    async with connected(warehouse) as connection:
        rows = await connection.fetch(
            "select sold_at from retail_dwh.fact_sale order by sold_at, copy_number"
        )
        shown = await connection.fetch("select distinct sold_at_local from retail_dwh.sale_line")
    assert [row[0] for row in shown] == [datetime(2010, 10, 31, 1, 30)]
    return [row[0] for row in rows]


async def test_two_sales_an_hour_apart_are_two(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    await run(warehouse, tmp_path / "w", [write(tmp_path / "a.csv", _sales(FIRST, SECOND))])
    assert await _times(warehouse) == [FIRST_AT, SECOND_AT]
    await assert_accounted(warehouse)


async def test_a_local_time_overlaps_with_the_first_hour_only(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    told = write(tmp_path / "told.csv", _sales(FIRST, SECOND))
    naive = write(tmp_path / "naive.parquet", _sales(NAIVE))
    outcome = await run(warehouse, tmp_path / "w", [told])
    outcome = await run(warehouse, tmp_path / "w", [naive])
    assert outcome.of("naive.parquet").rows_duplicate == 1
    assert await _times(warehouse) == [FIRST_AT, SECOND_AT]


async def test_a_replacement_that_changes_only_the_offset(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", _sales(FIRST))
    await run(warehouse, tmp_path / "w", [path])
    write(path, _sales(SECOND))
    outcome = await run(warehouse, tmp_path / "w", [path], replace_anyway=True)
    assert (outcome.of("a.csv").outcome, outcome.of("a.csv").lines_withdrawn) == ("replaced", 1)
    assert await _times(warehouse) == [SECOND_AT]


async def test_the_withdrawal_of_one_hour_leaves_the_other(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    second = write(tmp_path / "second.csv", _sales(SECOND))
    await run(warehouse, tmp_path / "w", [write(tmp_path / "first.csv", _sales(FIRST)), second])
    await take_out(warehouse, str(second))
    assert await _times(warehouse) == [FIRST_AT]


async def test_a_delivery_read_twice_changes_nothing(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    lines = _sales(SECOND, NAIVE, FIRST, SECOND)
    await run(warehouse, tmp_path / "w", [write(tmp_path / "a.csv", lines)])
    before = await state(warehouse)
    await run(warehouse, tmp_path / "w", [write(tmp_path / "other.csv", lines[::-1])])
    assert await state(warehouse) == before
    assert await _times(warehouse) == [FIRST_AT, FIRST_AT, SECOND_AT, SECOND_AT]


@pytest.mark.parametrize("timezone", ["Europe/London", "America/New_York"])
async def test_identities_follow_from_what_the_warehouse_holds(
    warehouse: ConnectionSettings, tmp_path: Path, timezone: str
) -> None:
    lines = [*invoices()["900005"], *invoices()["900004"], *_sales(SECOND)]
    await run(warehouse, tmp_path / "w", [write(tmp_path / "a.csv", lines)], timezone=timezone)
    async with connected(warehouse) as connection:
        rows = [dict(row) for row in await connection.fetch(_IDENTITIES) if row["copy_number"] == 1]
    zone = ZoneInfo(timezone)
    for line in rows:
        local = line["sold_at"].astimezone(zone)
        line |= {
            "sold_at_local": local.replace(tzinfo=None),
            "in_second_hour": local.fold == 1,
            "currency": "GBP",
            "whole_quantity": line["quantity"],
        }
    frame = pl.DataFrame(
        [{name: line.get(name) for name in TYPED} for line in rows], schema=TYPED, strict=False
    )
    ids = line_ids(frame, "default", "GBP").get_column("line_id")
    assert [UUID(bytes=line_id) for line_id in ids] == [line["line_id"] for line in rows]
    assert any(line["in_second_hour"] for line in rows)
