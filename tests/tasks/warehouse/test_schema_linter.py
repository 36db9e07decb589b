"""Supabase's database linter finds nothing in a complete warehouse."""

from __future__ import annotations

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.indexes import complete_indexes

_OURS = "('retail_dwh'::regnamespace, 'retail_ops'::regnamespace)"
LINTS = {
    "foreign key without an index": f"""
        select format('%s.%s', conrelid::regclass, conname) from pg_constraint f
        where contype = 'f' and connamespace in {_OURS} and not exists (
            select from pg_index i where i.indrelid = f.conrelid and i.indisvalid
                and (string_to_array(i.indkey::text, ' ')::smallint[])[1:cardinality(f.conkey)] = f.conkey)
    """,
    "table without a primary key": f"""
        select c.oid::regclass::text from pg_class c where relkind = 'r' and relnamespace in {_OURS}
            and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)
    """,
    "table without row level security": f"""
        select oid::regclass::text from pg_class
        where relkind in ('r', 'p') and relnamespace in {_OURS} and not relrowsecurity
    """,
    "row level security without a policy": f"""
        select c.oid::regclass::text from pg_class c where relkind = 'r' and relnamespace in {_OURS}
            and relrowsecurity and not exists (select from pg_policy p where p.polrelid = c.oid)
    """,
    "several permissive policies for one command": f"""
        select p.polrelid::regclass::text from pg_policy p join pg_class c on c.oid = p.polrelid
        where c.relnamespace in {_OURS} and p.polpermissive group by p.polrelid having count(*) > 1
    """,
    "policy that lets every role write": f"""
        select p.polrelid::regclass::text from pg_policy p join pg_class c on c.oid = p.polrelid
        where c.relnamespace in {_OURS} and p.polcmd <> 'r' and (
            pg_get_expr(p.polqual, p.polrelid) is distinct from 'false'
            or pg_get_expr(p.polwithcheck, p.polrelid) is distinct from 'false')
    """,
    "view with its owner's rights": f"""
        select oid::regclass::text from pg_class where relkind in ('v', 'm') and relnamespace in {_OURS}
            and not coalesce(reloptions, '{{}}') && array['security_invoker=true', 'security_invoker=on']
    """,
    "function with a changeable search_path": f"""
        select oid::regprocedure::text from pg_proc where pronamespace in {_OURS}
            and not coalesce(proconfig, '{{}}')::text ~ 'search_path='
    """,
    "identical indexes": f"""
        select min(indexrelid::regclass::text) from pg_index i join pg_class c on c.oid = i.indrelid
        where c.relnamespace in {_OURS}
        group by indrelid, indkey::text, indclass::text, coalesce(indpred::text, '') having count(*) > 1
    """,
    "invalid index": f"""
        select indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
        where c.relnamespace in {_OURS} and not indisvalid
    """,
    "index without a key": f"""
        select indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
        where c.relnamespace in {_OURS} and not indisunique and not exists (
            select from pg_constraint f where f.conrelid = i.indrelid and f.contype = 'f'
                and f.conkey = string_to_array(i.indkey::text, ' ')::smallint[])
    """,
    "object in public": """
        select oid::regclass::text from pg_class where relnamespace = 'public'::regnamespace
    """,
}
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
