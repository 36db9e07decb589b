"""The type of quantities changes under the views of others: they are there again afterwards, or named before."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import asyncpg
import pytest

from tasks import progress
from tasks.errors import RetailError, WarehouseBusy, WarehouseError
from tasks.postgres.connect import connected, with_database
from tasks.postgres.embedded.server import SUPERUSER, EmbeddedServer
from tasks.warehouse.indexes import complete_indexes
from tasks.warehouse.migrate import head_revision, migrate, schema_script, schema_version
from tests.conftest import create_database
from tests.support.marked_deliveries import load_marked_warehouse
from tests.support.older_schema import upgrade_schema_to
from tests.support.older_warehouse import CATALOGUE, Older

BEFORE = "0022_decimal_of_loaded_feeds"
_numbers = count(1)
VIEWS = """
create schema reports authorization {ana};
grant usage on schema retail_dwh to {ana};
grant select on all tables in schema retail_dwh to {ana} with grant option;
grant select (quantity) on retail_dwh.sale_line to {bob};
alter default privileges for role {ana} in schema reports grant select on tables to {bob};
set role {ana};
create view reports.by_code with (security_barrier = true, security_invoker = true) as
    select stock_code, sum(quantity) as pieces from retail_dwh.sale_line group by stock_code;
create view reports.many as select "pieces" as "Many Pieces", stock_code from reports.by_code where pieces > 10;
create view reports.whole as select s from retail_dwh.sale_line as s;
create view reports.facts as select f.line_id, f.quantity from retail_dwh.fact_sale as f where f.line_no > 0
    with local check option;
create materialized view reports.kept with (autovacuum_enabled = false) as
    select m."Many Pieces", m.stock_code from reports.many as m;
create materialized view reports.later as select * from reports.kept with no data;
create unique index kept_code on reports.kept (stock_code) with (fillfactor = 80);
create index kept_large on reports.kept ((upper(stock_code))) where stock_code <> 'POST';
alter materialized view reports.kept cluster on kept_code;
alter materialized view reports.kept alter column stock_code set statistics 7;
comment on index reports.kept_code is 'An index''s comment.';
comment on materialized view reports.kept is 'Kept.';
comment on view reports.many is 'Many -- and a "quote"; a ''mark''.';
comment on column reports.many."Many Pieces" is 'Pieces; more than 10.';
revoke all on reports.by_code from {bob};
revoke insert, update on reports.by_code from {ana};
grant select, insert on reports.by_code to public;
grant select on reports.many to {bob} with grant option;
grant update (stock_code) on reports.many to {bob};
reset role;
"""


@pytest.fixture(scope="module")
def older_template(server: EmbeddedServer) -> str:
    """A database with the warehouse of an earlier release, at the revision before."""
    name = f"template_{BEFORE[:4]}"

    async def make() -> None:
        await create_database(server.settings(), name)
        settings = with_database(server.settings(), name)
        await load_marked_warehouse(settings)
        await upgrade_schema_to(settings, BEFORE)
        await complete_indexes(settings)

    asyncio.run(make())
    return name


@pytest.fixture
async def older(server: EmbeddedServer, older_template: str) -> AsyncIterator[Older]:
    number = os.getpid() * 1000 + next(_numbers)
    name = f"older_{number}"
    await create_database(server.settings(), name, older_template)
    superuser = server.settings(SUPERUSER, name)
    one = Older(with_database(server.settings(), name), superuser, number)
    await one.as_superuser(
        "create role {ana}; create role {bob}; grant retail_reader to {ana}, {bob}; "
        "grant {ana} to retail with inherit false, set true"
    )
    yield one
    async with connected(server.settings(SUPERUSER, SUPERUSER)) as connection:
        await connection.execute(f"drop database {name} with (force)")
        await connection.execute(f"drop role {one.ana}, {one.bob}")


async def _catalogue(older: Older) -> list[tuple[Any, ...]]:
    rows = [row for row in await older.rows(CATALOGUE) if not row[0].endswith(".invoice")]
    # A whole number that is compared with a decimal is shown with its cast.
    return [(*row[:5], re.sub(r"\((\d+)\)::numeric", r"\1", row[5]), *row[6:]) for row in rows]


async def test_views_of_others_are_made_again(older: Older) -> None:
    await older.as_superuser(VIEWS)
    before = await _catalogue(older)
    kept = await older.rows("select * from reports.kept order by 2")
    whole = await older.rows("select (s).invoice_no, (s).quantity from reports.whole order by 1, 2")
    assert kept
    assert whole
    told: list[progress.Progress] = []
    with progress.listening(told.append):
        assert await migrate(older.settings) == head_revision()

    after = await _catalogue(older)
    ours = {"retail_dwh.sale_line", "retail_dwh.daily_sales"}
    for one, other in zip(before, after, strict=True):
        # The text of ours is the release's, and so are their columns.
        assert other[:5] == one[:5]
        if one[0] not in ours | {"retail_dwh.customer_rfm", "retail_dwh.monthly_revenue_by_country"}:
            assert other == one
        assert other[6] == one[6], one[0]
    grants = {row[0]: row[9] for row in after}
    assert any(older.bob.strip('"') in column for column in grants["retail_dwh.sale_line"])
    assert await older.rows("select * from reports.kept order by 2") == kept
    assert await older.rows("select (s).invoice_no, (s).quantity from reports.whole order by 1, 2") == whole
    assert await older.rows(
        "select distinct pg_typeof(quantity)::text, pg_typeof((select pieces from reports.by_code limit 1))::text "
        "from reports.facts"
    ) == [("numeric", "numeric")]
    (detail,) = [one.detail for one in told if one.step == "schema.quantities"]
    lines = (await older.rows("select count(*) from retail_dwh.fact_sale"))[0][0]
    assert f"{lines:,} lines are written anew" in detail
    assert "MB are free" in detail
    assert "reports.many" in detail


@pytest.mark.parametrize(
    ("script", "named"),
    [
        (
            "create schema reports authorization {bob}; grant usage on schema retail_dwh to {bob}; "
            "grant select on retail_dwh.sale_line to {bob}; set role {bob}; "
            "create view reports.own as select quantity from retail_dwh.sale_line",
            "reports.own belongs to bob .*, for whom retail cannot act",
        ),
        (
            "create schema reports authorization {ana}; grant usage on schema retail_dwh to {ana}; "
            "grant select on retail_dwh.sale_line to {ana}; set role {ana}; "
            "create view reports.own as select quantity from retail_dwh.sale_line; reset role; "
            "alter schema reports owner to {bob}",
            "reports.own belongs to ana .*, who may no longer create",
        ),
        (
            "create function public.pass() returns trigger language plpgsql as 'begin return new; end'; "
            "create trigger into_lines instead of insert on retail_dwh.sale_line for each row "
            "execute function public.pass()",
            "trigger into_lines on view retail_dwh.sale_line needs retail_dwh.sale_line",
        ),
        (
            "create view public.by_rule as select quantity from retail_dwh.sale_line; "
            "create rule nothing as on delete to public.by_rule do instead nothing",
            "rule nothing on view public.by_rule",
        ),
        (
            "create function public.pieces() returns bigint language sql begin atomic "
            "select units from retail_dwh.daily_sales limit 1; end",
            r"function public.pieces\(\) needs retail_dwh.daily_sales",
        ),
        (
            "create policy large on retail_dwh.fact_sale for select to {ana} using (quantity > 5)",
            "policy large on table retail_dwh.fact_sale needs fact_sale.quantity",
        ),
        (
            "create table public.card (customer_id bigint references retail_dwh.dim_customer (customer_id))",
            "card_customer_id_fkey on table public.card needs the unique key of dim_customer.customer_id",
        ),
        (
            "grant select on retail_dwh.sale_line to {ana} with grant option; grant usage on schema retail_dwh to {ana}; "
            "set role {ana}; grant select on retail_dwh.sale_line to {bob}",
            "retail_dwh.sale_line was granted by ana .*, not by its owner",
        ),
    ],
)
async def test_what_cannot_be_kept_is_named_before(older: Older, script: str, named: str) -> None:
    await older.as_superuser(script)
    before = await older.rows("select oid, xmin::text from pg_class where relname not like 'pg_%' order by 1")
    with pytest.raises(WarehouseError, match=f"(?s){named}.*Drop what is named.*Nothing was changed"):
        await migrate(older.settings)
    assert await schema_version(older.settings) == BEFORE
    assert (
        await older.rows("select oid, xmin::text from pg_class where relname not like 'pg_%' order by 1")
        == before
    )


async def test_a_view_that_decimals_break_is_named(older: Older) -> None:
    await older.as_superuser(
        "create schema reports authorization {ana}; grant usage on schema retail_dwh to {ana}; "
        "grant select on retail_dwh.sale_line to {ana}; set role {ana}; "
        "create view reports.bits as select quantity # 1 as bit from retail_dwh.sale_line"
    )
    with pytest.raises(WarehouseError, match=r"reports.bits cannot be made again: operator does not exist"):
        await migrate(older.settings)
    assert await schema_version(older.settings) == BEFORE
    assert await older.rows("select count(*) from reports.bits")


async def test_nothing_of_others_runs_as_the_owner(older: Older) -> None:
    """The query of a materialized view calls what its owner made; it must not do so with our rights."""
    await older.as_superuser(
        "create schema reports authorization {ana}; grant usage on schema retail_dwh to {ana}; "
        "grant select on retail_dwh.sale_line to {ana}; set role {ana}; "
        "create function reports.who() returns text language sql as 'select current_user::text'; "
        "create materialized view reports.caller as select distinct reports.who() as who, quantity "
        "from retail_dwh.sale_line; create index on reports.caller (quantity)"
    )
    await migrate(older.settings)
    assert await older.rows("select distinct who from reports.caller") == [(older.ana.strip('"'),)]


@asynccontextmanager
async def _reader(older: Older) -> AsyncIterator[None]:
    async with connected(older.settings) as connection, connection.transaction():
        await connection.fetchval("select count(*) from retail_dwh.sale_line")
        yield


@pytest.mark.slow
async def test_readers_that_stay_are_not_waited_for(older: Older) -> None:
    impatient = replace(older.settings, lock_timeout=2.5)
    longest = 0.0

    async def read_often(done: asyncio.Event) -> None:
        nonlocal longest
        clock = asyncio.get_running_loop()
        async with connected(older.settings) as connection:
            while not done.is_set():
                started = clock.time()
                await connection.fetchval("select count(*) from retail_dwh.daily_sales")
                longest = max(longest, clock.time() - started)

    done = asyncio.Event()
    async with _reader(older):
        reading = asyncio.create_task(read_often(done))
        with pytest.raises(WarehouseBusy, match="readers of the sales left no moment"):
            await migrate(impatient)
        done.set()
        await reading
    assert longest < 1
    assert await schema_version(older.settings) == BEFORE
    assert await migrate(older.settings) == head_revision()


async def test_a_reader_that_ends_is_waited_for(older: Older) -> None:
    async with _reader(older):
        upgrading = asyncio.create_task(migrate(older.settings))
        await asyncio.sleep(1.5)
        assert not upgrading.done()
    assert await upgrading == head_revision()


async def test_a_disk_without_room(older: Older) -> None:
    (size,) = (await older.rows("select pg_database_size(current_database())"))[0]
    with pytest.raises(RetailError, match="MB of disk.*RETAIL_DISK_MB.*Nothing was changed"):
        await migrate(replace(older.settings, disk_bytes=size + 100_000))
    assert await schema_version(older.settings) == BEFORE
    assert await migrate(replace(older.settings, disk_bytes=size + 100_000_000)) == head_revision()


async def test_the_script_for_another_tool_keeps_them_too(older: Older) -> None:
    await older.as_superuser(VIEWS)
    kept = await older.rows("select * from reports.kept order by 2")
    async with connected(older.settings) as connection:
        await connection.execute(f"begin; {schema_script(BEFORE)}; commit")
    assert await schema_version(older.settings) == head_revision()
    assert await older.rows("select * from reports.kept order by 2") == kept


async def test_statements_that_run_one_by_one(older: Older) -> None:
    script = schema_script(BEFORE)
    named = "reports.own would be made again in another transaction"
    ensured = script[script.index("do $$", script.index("dependent_view as")) :].split("$$;")[0] + "$$;"
    await older.as_superuser(
        "create schema reports authorization {ana}; grant usage on schema retail_dwh to {ana}; "
        "grant select on retail_dwh.sale_line to {ana}; set role {ana}; "
        "create view reports.own as select quantity from retail_dwh.sale_line"
    )
    async with connected(older.settings) as connection:
        await connection.execute(
            script[
                script.index("create temporary table") : script.index(
                    "do $$", script.index("dependent_view as")
                )
            ]
        )
        with pytest.raises(asyncpg.PostgresError, match=named):
            await connection.execute(ensured)
    assert await older.rows("select count(*) > 0 from reports.own") == [(True,)]
