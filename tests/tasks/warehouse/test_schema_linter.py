"""Supabase's database linter finds nothing in a complete warehouse."""

from __future__ import annotations

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.questions import ask
from tasks.warehouse.indexes import complete_indexes
from tasks.warehouse.schema_lint import LINTS, lint_query

# A statement that violates each lint, so that no lint passes by being wrong.
VIOLATIONS = {
    "foreign key without an index": "drop index retail_dwh.fact_sale_product_key_idx",
    "table without a primary key": "alter table retail_dwh.fact_sale drop constraint fact_sale_pkey",
    "table without row level security": "alter table retail_ops.run disable row level security",
    "row level security without a policy": "drop policy owner_only on retail_ops.run",
    "several permissive policies for one command": (
        "create policy another on retail_dwh.fact_sale for select to retail_reader using (true)"
    ),
    "policy that lets every role write": "create policy wide on retail_dwh.dim_date for insert with check (true)",
    "view with its owner's rights": "alter view retail_dwh.sale_line reset (security_invoker)",
    "function with a changeable search_path": (
        "create function retail_ops.one() returns integer language sql return 1"
    ),
    "identical indexes": "create index again on retail_dwh.fact_sale (product_key)",
    "invalid index": "",
    "index without a key": "create index extra on retail_dwh.fact_sale (sold_at)",
    "object in public": "create table public.alembic_version (version_num text)",
}


@pytest.mark.parametrize("lint", LINTS)
async def test_lint_finds_nothing_until_it_is_violated(warehouse: ConnectionSettings, lint: str) -> None:
    await complete_indexes(warehouse)
    async with connected(warehouse) as connection:
        assert [row[0] for row in await connection.fetch(LINTS[lint])] == []
        if VIOLATIONS[lint]:
            await connection.execute(VIOLATIONS[lint])
            assert [row[0] for row in await connection.fetch(LINTS[lint])] != []


async def test_all_lints_in_one_query(warehouse: ConnectionSettings) -> None:
    await complete_indexes(warehouse)
    async with connected(warehouse) as connection:
        assert await ask(connection, {"lint": lint_query()}) == {"lint": {}}
        await connection.execute(VIOLATIONS["table without row level security"])
        await connection.execute(VIOLATIONS["object in public"])
        assert await ask(connection, {"lint": lint_query()}) == {
            "lint": {
                "table without row level security": ["retail_ops.run"],
                "object in public": ["public.alembic_version"],
            }
        }
