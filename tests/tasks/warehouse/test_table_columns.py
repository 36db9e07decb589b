"""The columns that a load copies equal the columns of the tables."""

from __future__ import annotations

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.schema import columns


@pytest.mark.parametrize(
    ("table", "declared"),
    [
        ("retail_dwh.fact_sale", columns.FACT),
        ("retail_ops.line_source", columns.LINE_SOURCE),
    ],
)
async def test_declared_columns(
    warehouse: ConnectionSettings, table: str, declared: dict[str, object]
) -> None:
    async with connected(warehouse) as connection:
        rows = await connection.fetch(
            "select attname from pg_attribute where attrelid = $1::text::regclass and attnum > 0 and not attisdropped "
            "order by attnum",
            table,
        )
    assert [row["attname"] for row in rows] == list(declared)
