"""Statistics of the warehouse: rows, sizes, growth, and faults of its indexes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.statistics import TABLES, IndexFault, growth_of, read_statistics
from tests.support.plain_run import run
from tests.support.slices import days, write

_NOW = datetime(2026, 3, 1, tzinfo=UTC)
_MB = 1024**2


def _size(now: int, *earlier: tuple[float, int]) -> dict[str, object]:
    looks = [
        {"examined_at": (_NOW - timedelta(days=ago)).isoformat(), "database_bytes": size * _MB}
        for ago, size in earlier
    ]
    return {"database_bytes": now * _MB, "asked_at": _NOW.isoformat(), "earlier": looks}


@pytest.mark.parametrize(
    ("size", "since", "pace", "left"),
    [
        (_size(100), None, None, None),
        (_size(100, (0.01, 99)), 1, None, None),
        (_size(100, (1, 99), (10, 80)), 1, 2, 200),
        (_size(100, (1, 99), (10, 80), (300, 1)), 1, 2, 200),
        (_size(100, (40, 60)), 40, 1, 400),
        (_size(100, (10, 110)), -10, -1, None),
        (_size(600, (10, 500)), 100, 10, 0),
    ],
)
def test_growth(size: dict[str, object], since: int | None, pace: int | None, left: int | None) -> None:
    growth = growth_of(size, 500 * _MB)
    assert growth.bytes_since == (None if since is None else since * _MB)
    assert growth.bytes_per_day == (None if pace is None else pytest.approx(pace * _MB))
    assert growth.days_until_full == (None if left is None else pytest.approx(left))
    assert growth_of(size, None).days_until_full is None


async def test_tables_and_growth(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    first = await read_statistics(warehouse)
    assert first.growth.last_look is None
    assert {table.table_name for table in first.tables} == set(TABLES)
    assert {fault.index_name for fault in first.indexes if fault.fault == "missing"} >= {
        "retail_dwh.fact_sale_pkey",
        "retail_dwh.fact_sale_product_key_idx",
    }
    lines = days(1, 3)
    await run(warehouse, tmp_path / "workspace", [write(tmp_path / "day.csv", lines)])
    async with connected(warehouse) as connection:
        await connection.execute(
            "delete from retail_dwh.fact_sale where line_no % 4 <> 0; "
            "update retail_ops.size_history set examined_at = examined_at - interval '2 days'"
        )
        await connection.execute("vacuum analyze retail_dwh.fact_sale")
        left = await connection.fetchval("select count(*) from retail_dwh.fact_sale")
    second = await read_statistics(warehouse, 500 * _MB)
    (fact,) = (table for table in second.tables if table.table_name == "retail_dwh.fact_sale")
    assert fact.rows == left
    assert fact.rows_estimated == pytest.approx(left, rel=0.05)
    assert fact.total_bytes >= fact.table_bytes + fact.index_bytes > fact.table_bytes > 0
    assert fact.last_vacuum is not None
    assert fact.last_analyze is not None
    assert fact.bloat_bytes_estimated is not None
    assert 0.5 < fact.bloat_bytes_estimated / fact.table_bytes < 0.9
    assert second.growth.bytes_since is not None
    assert second.growth.bytes_since > 0
    assert second.growth.days_until_full is not None
    assert second.lints == {}
    assert not [fault for fault in second.indexes if fault.fault in {"missing", "duplicate", "invalid"}]
    async with connected(warehouse) as connection:
        assert await connection.fetchval("select count(*) from retail_ops.size_history") == 2


async def test_duplicate_and_unused_indexes(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    await run(warehouse, tmp_path / "workspace", [write(tmp_path / "day.csv", days(1, 1))])
    async with connected(warehouse) as connection:
        await connection.execute(
            "create index again on retail_dwh.fact_sale (product_key); "
            "create index prefix on retail_dwh.fact_sale (invoice_key); "
            "create index partial on retail_dwh.fact_sale (invoice_key) where quantity < 0; "
            "drop index retail_ops.line_source_delivery_key_idx"
        )
    statistics = await read_statistics(warehouse)
    duplicates = {
        (fault.index_name, fault.covered_by) for fault in statistics.indexes if fault.fault == "duplicate"
    }
    assert duplicates == {
        ("retail_dwh.again", "retail_dwh.fact_sale_product_key_idx"),
        ("retail_dwh.prefix", "retail_dwh.fact_sale_pkey"),
    }
    unused = {fault.index_name: fault for fault in statistics.indexes if fault.fault == "unused"}
    assert {"retail_dwh.again", "retail_dwh.prefix", "retail_dwh.partial"} <= set(unused)
    assert unused["retail_dwh.partial"] == IndexFault(
        "unused", "retail_dwh.partial", "retail_dwh.fact_sale", None, unused["retail_dwh.partial"].bytes
    )
    assert unused["retail_dwh.partial"].bytes > 0
    assert set(statistics.lints["foreign key without an index"]) == {
        "retail_ops.line_source.line_source_delivery_key_fkey"
    }


async def test_a_read_only_database(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as connection:
        await connection.execute(
            f"alter database {warehouse.database} set default_transaction_read_only = on"
        )
    statistics = await read_statistics(warehouse)
    assert statistics.database_bytes > 0
    async with connected(warehouse) as connection:
        assert await connection.fetchval("select count(*) from retail_ops.size_history") == 0
