"""Operators and functions that another role creates are neither called nor bound into views."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from tasks.doctor.database import examine_database
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import SUPERUSER
from tasks.postgres.pool import QueryPool
from tasks.warehouse.fingerprint import fingerprint
from tasks.warehouse.indexes import complete_indexes
from tasks.warehouse.migrate import migrate
from tests.support.older_schema import create_schema_at
from tests.support.plain_run import run, take_out
from tests.support.scenario import FIRST, Story

# A schema that every role can write to and has on its path, as public was before Postgres 15; and the schema named
# after the loader, which is first on the default path.
_OPEN_DOORS = """
grant create, usage on schema public to public;
create schema retail authorization postgres;
grant usage on schema retail to public;
create table public.called (name text);
grant insert on public.called to public;
"""
# For operators and functions of pg_catalog in our statements, a namesake whose argument types match exactly where the
# built-in one needs a cast, and one that takes any type.
_PLANT_OPERATORS = """
do $$
declare
    o record;
    home text;
    types text[];
    t text[];
begin
    types := array['integer', 'bigint', 'real', 'double precision', 'text', 'name', 'oid', 'smallint', 'numeric', 'uuid'];
    foreach home in array array['public', 'retail'] loop
        execute format(
            'create function %I.trap(anyelement, anyelement) returns boolean language sql as '
            '$f$ insert into public.called values (''operator''); select false $f$', home);
        for o in select distinct oprname from pg_operator where oprkind = 'b' and oprresult = 'boolean'::regtype loop
            for i in 1..array_length(types, 1) loop
                for j in 1..array_length(types, 1) loop
                    if not exists (
                        select from pg_operator where oprname = o.oprname and oprleft = types[i]::regtype
                            and oprright = types[j]::regtype and oprnamespace = 'pg_catalog'::regnamespace
                    ) then
                        execute format(
                            'create or replace function %I.trap_%s(a %s, b %s) returns boolean language sql as '
                            '$f$ insert into public.called values (''operator''); select false $f$',
                            home, i * 100 + j, types[i], types[j]);
                        execute format('create operator %I.%s (leftarg = %s, rightarg = %s, function = %I.trap_%s)',
                            home, o.oprname, types[i], types[j], home, i * 100 + j);
                    end if;
                end loop;
            end loop;
        end loop;
    end loop;
end
$$;
"""
_PLANT_FUNCTIONS = """
do $$
declare
    f text;
    home text;
begin
    foreach home in array array['public', 'retail'] loop
        foreach f in array array[
            'coalesce_', 'max', 'count', 'sum', 'hashtext', 'to_regclass', 'to_regnamespace', 'has_table_privilege',
            'current_setting', 'set_config', 'array_agg', 'unnest', 'uuid_send', 'pg_try_advisory_xact_lock', 'ntile',
            'make_date', 'now', 'format', 'quote_ident', 'hash_record_extended', 'row_number', 'generate_series'
        ] loop
            execute format(
                'create function %I.%I(variadic "any") returns integer language internal as $f$pg_num_nulls$f$',
                home, f);
        end loop;
    end loop;
exception
    when others then null;  -- only superusers can; any role can create the text variants below
end
$$;
create function public.hashtext(varchar) returns integer language sql as
    $f$ insert into public.called values ('hashtext'); select 1 $f$;
create function public.to_regclass(varchar) returns regclass language sql as
    $f$ insert into public.called values ('to_regclass'); select null::regclass $f$;
create function public.set_config(varchar, varchar, boolean) returns text language sql as
    $f$ insert into public.called values ('set_config'); select '' $f$;
create function public.has_table_privilege(varchar, varchar) returns boolean language sql as
    $f$ insert into public.called values ('has_table_privilege'); select true $f$;
"""
_BOUND = """
select distinct v.relname, d.refclassid::regclass::text, d.refobjid
from pg_class v
join pg_rewrite r on r.ev_class = v.oid
join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
left join pg_operator o on d.refclassid = 'pg_operator'::regclass and o.oid = d.refobjid
left join pg_proc p on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid
left join pg_type t on d.refclassid = 'pg_type'::regclass and t.oid = d.refobjid
where v.relnamespace in ('retail_dwh'::regnamespace, 'retail_ops'::regnamespace) and v.relkind in ('v', 'm')
    and coalesce(o.oprnamespace, p.pronamespace, t.typnamespace, 'pg_catalog'::regnamespace) not in
        ('pg_catalog'::regnamespace, 'retail_dwh'::regnamespace, 'retail_ops'::regnamespace)
"""


async def _plant(warehouse: ConnectionSettings, *more: str) -> None:
    async with connected(replace(warehouse, user=SUPERUSER)) as connection:
        for script in (_OPEN_DOORS, _PLANT_OPERATORS, *more):
            await connection.execute(script)
        # The default path of a session.
        await connection.execute(
            f'alter database "{warehouse.database}" set search_path = retail, public, pg_catalog'
        )


async def _calls(warehouse: ConnectionSettings) -> list[str]:
    async with connected(replace(warehouse, user=SUPERUSER)) as connection:
        return [row["name"] for row in await connection.fetch("select distinct name from public.called")]


async def test_nothing_planted_is_called(empty: ConnectionSettings, tmp_path: Path) -> None:
    await _plant(empty, _PLANT_FUNCTIONS)
    await migrate(empty)
    story = Story(tmp_path)
    story.write(FIRST)
    await run(empty, tmp_path, [story.folder])
    await take_out(empty, str(story.folder / "a.csv"))
    await complete_indexes(empty)
    await examine_database(empty, ())
    async with QueryPool(empty) as pool, pool.connection() as connection:
        for view in ("sale_line", "daily_sales", "monthly_revenue_by_country", "customer_rfm"):
            await connection.fetch(f"select * from retail_dwh.{view} limit 5")
        await fingerprint(connection)
    assert await _calls(empty) == []
    async with connected(empty) as connection:
        assert await connection.fetch(_BOUND) == []


@pytest.mark.slow
async def test_the_planted_operators_work(empty: ConnectionSettings) -> None:
    """With the database's own path, a planted operator is called, so the test above is meaningful."""
    await _plant(empty)
    plain = await asyncpg.connect(host=empty.host, port=empty.port, user=empty.user, database=empty.database)
    try:
        await plain.fetch("select reltuples < 0 from pg_class limit 1")
    finally:
        await plain.close()
    assert await _calls(empty) == ["operator"]


@pytest.mark.slow
async def test_views_of_an_older_release_are_rebuilt(empty: ConnectionSettings) -> None:
    """Upgrading from revision 0005 removes planted operators from our views, and keeps views built on them."""
    await create_schema_at(empty, "0005_refusal")
    async with connected(empty) as connection:
        await connection.execute(
            "create schema own; create view own.mine as select * from retail_dwh.daily_sales"
        )
    await _plant(empty)
    definition = (
        (Path(__file__).parents[3] / "tasks/warehouse/schema/versions/0006_search_path.sql")
        .read_text()
        .split("create or replace view retail_dwh.monthly")[0]
    )
    async with connected(empty) as connection:
        await connection.execute("set search_path = retail, public, pg_catalog")
        await connection.execute(definition)
        assert await connection.fetch(_BOUND)
    await migrate(empty)
    async with connected(empty) as connection:
        assert await connection.fetch(_BOUND) == []
        assert await connection.fetch("select * from own.mine") == []
