"""A warehouse of an earlier release gets room for what any shop exports; its lines stay what they were."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tasks.ingest.schema import KINDS
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.integrity.check import built_in_checks
from tasks.warehouse.integrity.examine import examine_integrity
from tasks.warehouse.load.transaction import LoadedDelivery
from tasks.warehouse.migrate import head_revision, migrate
from tests.support import till_columns
from tests.support.marked_deliveries import deliveries, load_marked_warehouse
from tests.support.marked_deliveries import write as write_marked
from tests.support.older_schema import upgrade_schema_to
from tests.support.plain_run import assert_accounted, run, state, take_out
from tests.support.slow import slow_but

BEFORE = "0022_decimal_of_loaded_feeds"
# What must not change over the revision: every line's identity, place and values, and the sums.
LINES = (
    "select invoice_key, line_id, delivery_key, line_no, sold_at, product_key, customer_key, country_key, copy_number, "
    "quantity::numeric, unit_price, total_amount, currency, description from retail_dwh.fact_sale order by 1, 2"
)
SUMS = (
    "select (select count(*) from retail_dwh.fact_sale), (select sum(quantity) from retail_dwh.fact_sale), "
    "(select sum(total_amount) from retail_dwh.fact_sale), "
    "(select sum(uuid_hash_extended(line_id, 0)) from retail_dwh.fact_sale), "
    "(select sum(rows_loaded) from retail_ops.delivery), (select count(*) from retail_ops.line_source)"
)
IDENTITIES = (
    "select invoice_no, line_id, copy_number from retail_dwh.fact_sale "
    "join retail_dwh.dim_invoice using (invoice_key) order by 1, 2"
)
VIEWS = (
    "select date, currency, invoices, lines, units::numeric, gross_sales, cancellations, revenue "
    "from retail_dwh.daily_sales order by 1, 2",
    "select feed, invoice_no, stock_code, description, quantity::numeric, sold_at_local, unit_price, customer_id, "
    "country, currency, line_type, copy_number from retail_dwh.sale_line order by 1, 2, 3, 5, 12, 4, 6, 7, 8",
    "select month, country, currency, invoices, customers, revenue from retail_dwh.monthly_revenue_by_country "
    "order by 1, 2, 3",
    "select customer_id, currency, last_sold_at, recency_days, frequency, monetary from retail_dwh.customer_rfm "
    "order by 1, 2",
)
KEYED = "select count(*) from pg_constraint where conrelid = 'retail_dwh.fact_sale'::regclass and contype in ('p', 'f')"


async def _rows(warehouse: ConnectionSettings, query: str) -> list[tuple[Any, ...]]:
    async with connected(warehouse) as connection:
        return [tuple(row) for row in await connection.fetch(query)]


@pytest.mark.parametrize(
    "load_older",
    slow_but(
        [till_columns.load_tills],
        [load_marked_warehouse, till_columns.load_tills, till_columns.load_tills_with_currencies],
    ),
)
async def test_lines_sums_and_identities_stay(
    empty: ConnectionSettings, load_older: Callable[[ConnectionSettings], Awaitable[None]]
) -> None:
    await load_older(empty)
    await upgrade_schema_to(empty, BEFORE)
    before = [await _rows(empty, query) for query in (LINES, SUMS, *VIEWS, KEYED)]
    assert await migrate(empty) == head_revision()
    assert [await _rows(empty, query) for query in (LINES, SUMS, *VIEWS, KEYED)] == before
    await assert_accounted(empty)
    report = await examine_integrity(empty, [one for one in built_in_checks() if one.severity == "error"])
    assert {result.name: result.violations for result in report.results if result.violations} == {}


async def test_kinds_customers_and_feeds(empty: ConnectionSettings) -> None:
    await till_columns.load_tills(empty)
    await migrate(empty)
    assert await _rows(
        empty,
        "select invoice_no, stock_code, quantity, kind, is_merchandise, customer_id, customer_number, net_amount "
        "from retail_dwh.sale_line where stock_code in ('POST', 'S3') or kind = 'return' order by 1, 2",
    ) == [
        ("900002", "POST", Decimal(1), "sale", False, 102, "102", Decimal(5)),
        ("900003", "S3", Decimal(1), "sale", True, 103, "103", Decimal("7.5")),
        ("900005", "S3", Decimal(5), "sale", True, None, None, Decimal(35)),
        ("C900004", "S1", Decimal(-1), "return", True, 101, "101", Decimal(-4)),
    ]
    assert await _rows(
        empty, "select feed, customers, store_column, currency_column from retail_ops.feed"
    ) == [("tills", "numbers", "passed over", "passed over")]
    assert await _rows(
        empty,
        "select count(*) from retail_dwh.fact_sale where num_nulls(store, source_line, discount_amount, tax_amount, "
        "cost_amount, attributes, invoice_attributes) < 7",
    ) == [(0,)]


async def test_a_feed_without_lines_is_left_open(empty: ConnectionSettings) -> None:
    await till_columns.load_tills(empty)
    async with connected(empty) as connection:
        await connection.execute(
            "insert into retail_ops.feed (feed, timezone, currency, identical_lines) "
            "values ('new', 'Europe/London', 'GBP', 'keep')"
        )
    await migrate(empty)
    assert await _rows(empty, "select customers, store_column from retail_ops.feed where feed = 'new'") == [
        (None, None)
    ]


async def test_deliveries_known_before_are_unchanged(
    empty: ConnectionSettings, real_lines: pl.DataFrame, tmp_path: Path
) -> None:
    await load_marked_warehouse(empty)
    await migrate(empty)
    known = deliveries(real_lines)
    write_marked(tmp_path / "old", known)
    before = await state(empty)
    for feed, files in known.items():
        folder = tmp_path / "old" / feed
        outcome = await run(empty, tmp_path / "workspace", [folder], feed=feed, root=str(folder))
        assert (outcome.loaded, outcome.failed) == ((), ())
        assert sorted(outcome.unchanged) == sorted(files)
    assert await state(empty) == before


async def test_columns_that_were_passed_over_make_no_further_fact(
    empty: ConnectionSettings, tmp_path: Path
) -> None:
    await till_columns.load_tills(empty)
    await migrate(empty)
    known, before = await _rows(empty, IDENTITIES), await state(empty)
    same = till_columns.write(tmp_path / "same")
    outcome = await run(empty, tmp_path / "workspace", [same], feed=till_columns.FEED, root=str(same))
    assert sorted(outcome.unchanged) == sorted(till_columns.DELIVERIES)

    # The same days under other names, with one line more. Lines in another currency are set aside now: the feed has one.
    more = ("900009", "S1", "Mug", "1", "2025-01-06 10:00:00", "4.00", "101", "France", "GBP", "York", "9.00")
    renamed = {f"again {name}": (*lines, more) for name, lines in till_columns.DELIVERIES.items()}
    other = till_columns.write(tmp_path / "other", renamed)
    outcome = await run(empty, tmp_path / "workspace", [other], feed=till_columns.FEED, root=str(other))
    assert outcome.failed == ()
    await assert_accounted(empty)
    after = await _rows(empty, IDENTITIES)
    assert len(after) == len(known) + 1
    assert set(known) < set(after)
    assert (await state(empty)).units == before.units + 1


async def test_a_loaded_warehouse_has_the_fingerprint_of_a_clean_load(
    empty: ConnectionSettings, warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    """With the columns passed over there, too: as a mapping to the eight columns does."""
    await till_columns.load_tills(empty)
    await migrate(empty)
    await _load(warehouse, till_columns.write(tmp_path / "plain", columns=8), "passed over")
    assert await state(warehouse) == await state(empty)


async def _load(
    warehouse: ConnectionSettings, folder: Path, currency_column: str | None
) -> list[LoadedDelivery]:
    """Load the tills' deliveries in a folder by the settings that the upgrade gives their feed."""
    outcome = await run(
        warehouse,
        folder.parent / "workspace",
        [folder],
        feed=till_columns.FEED,
        root=str(folder),
        customers="numbers",
        store_column="passed over",
        currency_column=currency_column,
    )
    assert outcome.failed == ()
    return list(outcome.loaded)


# The release that passes the currency over has its lines in the feed's, and sets those aside that tell another one now.
@pytest.mark.parametrize(
    ("load_older", "columns", "currency_column", "set_aside"),
    [
        pytest.param(till_columns.load_tills, 8, "passed over", 2, marks=pytest.mark.slow),
        (till_columns.load_tills_with_currencies, 9, None, 0),
    ],
)
async def test_the_same_days_under_other_names_are_as_in_a_clean_load(
    empty: ConnectionSettings,
    warehouse: ConnectionSettings,
    tmp_path: Path,
    load_older: Callable[[ConnectionSettings], Awaitable[None]],
    columns: int,
    currency_column: str | None,
    set_aside: int,
) -> None:
    await load_older(empty)
    await migrate(empty)
    known = await _rows(empty, IDENTITIES)
    renamed = till_columns.write(
        tmp_path / "renamed", {f"again {name}": lines for name, lines in till_columns.DELIVERIES.items()}
    )
    # A clean load of the same deliveries, of those of the earlier release the columns that it read.
    await _load(warehouse, renamed, currency_column)
    only_renamed = await state(warehouse)
    await _load(warehouse, till_columns.write(tmp_path / "columns read", columns=columns), currency_column)

    # Lines that come again tell an amount now, so that they belong to the deliveries that tell it.
    loaded = await _load(empty, renamed, currency_column)
    assert [(one.rows_in, one.rows_quarantined) for one in loaded] == [(5, set_aside), (4, set_aside)]
    await assert_accounted(empty)
    assert await _rows(empty, IDENTITIES) == known
    assert await state(empty) == await state(warehouse)

    for name in till_columns.DELIVERIES:
        await take_out(empty, name, till_columns.FEED)
    await assert_accounted(empty)
    assert set(await _rows(empty, IDENTITIES)) <= set(known)
    assert await state(empty) == only_renamed


async def test_kinds_of_the_schema_are_those_of_the_deliveries(warehouse: ConnectionSettings) -> None:
    ((check,),) = await _rows(
        warehouse,
        "select pg_get_constraintdef(oid) from pg_constraint where conname = 'fact_sale_kind_check'",
    )
    assert [f"'{kind}'::text" in check for kind in KINDS] == [True] * len(KINDS)
    assert check.count("::text") == len(KINDS)
