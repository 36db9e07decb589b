"""A warehouse whose codes a release before had not normalised: its lines are known when they come again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg
import polars as pl
import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.integrity.check import built_in_checks
from tasks.warehouse.integrity.examine import examine_integrity
from tasks.warehouse.migrate import head_revision, migrate, schema_script, schema_version, upgrade_on
from tasks.warehouse.schema.codes import bring_along
from tests.support.marked_deliveries import (
    deliveries,
    load_deliveries,
    load_marked_warehouse,
    other_deliveries,
)
from tests.support.older_schema import create_schema_at, upgrade_schema_to
from tests.support.plain_run import assert_accounted, state

LINES = (
    "select d.feed, d.name, f.line_no, i.invoice_no, p.stock_code, f.copy_number from retail_dwh.fact_sale f "
    "join retail_dwh.dim_invoice i using (invoice_key) join retail_dwh.dim_product p using (product_key) "
    "join retail_ops.delivery d using (delivery_key) order by d.feed, d.name desc, f.line_no"
)


@pytest.fixture
async def marked(empty: ConnectionSettings) -> ConnectionSettings:
    """The warehouse as the earlier release left it."""
    await load_marked_warehouse(empty)
    return empty


async def _rows(warehouse: ConnectionSettings, query: str) -> list[tuple[Any, ...]]:
    async with connected(warehouse) as connection:
        return [tuple(row) for row in await connection.fetch(query)]


async def _versions(warehouse: ConnectionSettings) -> set[tuple[Any, ...]]:
    """The place and the writing transaction of each row of lines, members and ledger."""
    tables = ["fact_sale", "dim_product", "dim_invoice", "dim_customer", "dim_country"]
    names = [*(f"retail_dwh.{name}" for name in tables), "retail_ops.delivery", "retail_ops.line_source"]
    queries = [f"select '{name}', ctid::text, xmin::text from {name}" for name in names]
    return set(await _rows(warehouse, " union all ".join(queries)))


@pytest.mark.slow
async def test_the_same_days_under_other_names(
    marked: ConnectionSettings,
    warehouse: ConnectionSettings,
    real_lines: pl.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bring_along, "_CODES_AT_ONCE", 3)
    monkeypatch.setattr(bring_along, "_LINES_AT_ONCE", 5)
    await migrate(marked)
    await assert_accounted(marked)
    before = await state(marked)
    await load_deliveries(warehouse, tmp_path / "old", deliveries(real_lines))
    assert before == await state(warehouse)

    await load_deliveries(marked, tmp_path / "new", other_deliveries(real_lines))
    await assert_accounted(marked)
    assert await state(marked) == before
    report = await examine_integrity(marked, [one for one in built_in_checks() if one.severity == "error"])
    assert {result.name: result.violations for result in report.results if result.violations} == {}


async def test_facts_that_become_one_stay_with_the_elder_delivery(marked: ConnectionSettings) -> None:
    await migrate(marked)
    lines = [row for row in await _rows(marked, LINES) if row[0] in {"numbers", "marks", "first only"}]
    assert lines == [
        ("first only", "marked.csv", 1, "700001", "S1", 1),
        ("marks", "marked.csv", 1, "700001", "S1", 1),
        ("marks", "marked.csv", 2, "700001", "S1", 2),
        ("numbers", "floats.csv", 1, "700001", "S1", 1),
        ("numbers", "floats.csv", 2, "700002", "S2", 1),
    ]
    sources = await _rows(
        marked,
        "select d.feed, d.name, s.line_no from retail_ops.line_source s join retail_ops.delivery d using (delivery_key) "
        "where d.feed in ('numbers', 'marks', 'first only') order by 1, 3",
    )
    assert sources == [
        ("first only", "plain.csv", 1),
        ("marks", "plain.csv", 1),
        ("numbers", "plain.csv", 1),
        ("numbers", "plain.csv", 2),
    ]
    counts = await _rows(
        marked,
        "select feed, name, rows_loaded, rows_duplicate from retail_ops.delivery "
        "where feed in ('numbers', 'first only') order by 1, 2",
    )
    assert counts == [
        ("first only", "marked.csv", 1, 2),
        ("first only", "plain.csv", 0, 1),
        ("numbers", "floats.csv", 2, 0),
        ("numbers", "plain.csv", 0, 2),
    ]


async def test_copies_of_one_delivery_are_numbered_in_file_order(marked: ConnectionSettings) -> None:
    await migrate(marked)
    lines = [row for row in await _rows(marked, LINES) if row[0] == "copies" and row[3] == "700001"]
    assert lines == [
        ("copies", "plain.csv", 1, "700001", "S1", 1),
        ("copies", "plain.csv", 2, "700001", "S1", 2),
        ("copies", "marked.csv", 3, "700001", "S1", 3),
        ("copies", "marked.csv", 4, "700001", "S1", 4),
    ]


async def test_members_under_their_new_codes(marked: ConnectionSettings) -> None:
    old = await _rows(marked, "select invoice_no from retail_dwh.dim_invoice where invoice_no ~ '[^A-Z0-9]'")
    assert len(old) > 10
    await migrate(marked)
    for query in (
        "select invoice_no from retail_dwh.dim_invoice where invoice_no ~ '[^A-Z0-9]'",
        "select stock_code from retail_dwh.dim_product where stock_code ~ '[^A-Z0-9]'",
        "select * from retail_dwh.dim_invoice i where not exists "
        "(select from retail_dwh.fact_sale f where f.invoice_key = i.invoice_key)",
        "select * from retail_dwh.dim_product p where not exists "
        "(select from retail_dwh.fact_sale f where f.product_key = p.product_key)",
    ):
        assert await _rows(marked, query) == []
    assert await _rows(
        marked,
        "select i.invoice_type, p.is_merchandise from retail_dwh.fact_sale f "
        "join retail_dwh.dim_invoice i using (invoice_key) join retail_dwh.dim_product p using (product_key) "
        "where i.feed = 'copies' and f.quantity < 0",
    ) == [("cancellation", False)]


async def test_lines_whose_codes_stay_are_not_written(marked: ConnectionSettings) -> None:
    query = (
        "select f.ctid::text, f.xmin::text, f.line_id, f.invoice_key, f.product_key from retail_dwh.fact_sale f "
        "join retail_ops.delivery d using (delivery_key) where d.name = 'wednesday.csv'"
    )
    before = await _rows(marked, query)
    await upgrade_schema_to(marked, "0016_codes")
    assert await _rows(marked, query) == before != []


async def test_where_no_code_changes_nothing_is_written(marked: ConnectionSettings) -> None:
    await migrate(marked)
    async with connected(marked) as connection:
        # These are looked at or not, and stay: one may be a thousand, the digits of the other are lost.
        await connection.execute(
            "insert into retail_dwh.dim_product values (100000, '1.000', null, true), (100001, '5.36E+05', null, true)"
        )
        before = await _versions(marked)
        await connection.execute("begin")
        await bring_along.bring_codes_along(connection)
        # Only a transaction that writes, be it into a temporary table, has an id.
        assert await connection.fetchval("select pg_current_xact_id_if_assigned()") is None
        await connection.execute("commit")
    assert await _versions(marked) == before


async def test_a_restored_backup_is_brought_along_too(marked: ConnectionSettings) -> None:
    async with connected(marked) as connection:
        await connection.execute("begin")
        assert await upgrade_on(connection, "0003_views_and_access", marked) == head_revision()
        assert not connection.is_in_transaction()
    assert await schema_version(marked) == head_revision()
    await assert_accounted(marked)
    assert len([row for row in await _rows(marked, LINES) if row[0] == "numbers"]) == 2


async def test_a_script_for_another_tool_refuses_what_only_python_can_do(marked: ConnectionSettings) -> None:
    async with connected(marked) as connection:
        with pytest.raises(asyncpg.RaiseError, match="codes with invisible characters"):
            await connection.execute(f"begin; {schema_script('0003_views_and_access')}")
        await connection.execute("rollback")
    assert await schema_version(marked) == "0003_views_and_access"


async def test_a_script_for_another_tool_where_no_code_changes(empty: ConnectionSettings) -> None:
    assert "invisible" not in schema_script(None)
    await create_schema_at(empty, "0015_reading_settings")
    async with connected(empty) as connection:
        await connection.execute(
            "insert into retail_dwh.dim_product values (1, '85123A', null, true), (2, '5.36E+05', null, true), "
            f"(3, 'É', null, true); begin; {schema_script('0015_reading_settings')}; commit"
        )
    assert await schema_version(empty) == head_revision()
