"""A single table comes back into its live one: its rows alone, while everything around it stays and readers read on."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tasks import progress
from tasks.backup.catalogue.catalogue import read_catalogue
from tasks.backup.catalogue.differences import differences
from tasks.backup.catalogue.fingerprints import count_rows, row_differences
from tasks.backup.table.restore import plan_table_restore, restore_table
from tasks.errors import RestoreRefused
from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.restores import PlainBackup, back_up

SHOP = """
create schema shop;
create type shop.state as enum ('new', 'sent');
create table shop.customer (id integer primary key, name text);
create table shop.sale (
    id bigint generated always as identity primary key,
    customer integer references shop.customer,
    state shop.state not null default 'new',
    net numeric not null check (net >= 0),
    gross numeric generated always as (net * 1.2) stored,
    code text unique,
    "odd ""x"" name" text
);
create table shop.line (sale bigint references shop.sale, note text);
comment on table shop.sale is 'Sales';
comment on column shop.sale.net is 'Without tax';
create index on shop.sale (state) where net > 5;
create view shop.totals as select state, sum(gross) as gross from shop.sale group by state;
create materialized view shop.daily as select count(*) as sales from shop.totals;
create table shop.fired (what text);
create function shop.fire() returns trigger language plpgsql
    as $f$ begin insert into shop.fired values (tg_name); return coalesce(new, old); end $f$;
create trigger of_row before insert or update or delete on shop.sale for each row execute function shop.fire();
create trigger asleep after update on shop.sale for each row execute function shop.fire();
create trigger of_statement after insert or update or delete on shop.sale execute function shop.fire();
create constraint trigger at_end after insert or update or delete on shop.sale deferrable initially deferred
    for each row execute function shop.fire();
alter table shop.sale disable trigger asleep;
alter table shop.sale enable always trigger of_statement;
alter table shop.sale enable row level security;
create policy own on shop.sale for select to table_reader using (customer = 1);
grant select, update (net) on shop.sale to table_reader;
create publication shop_sales for table shop.sale (id, net) where (id > 0);
insert into shop.customer select n, 'customer ' || n from generate_series(1, 10) as n;
insert into shop.sale (customer, state, net, code, "odd ""x"" name")
    select 1 + n % 10, 'sent', n / 4.0, 'code ' || n, e'tab\t back\\\\slash ' || n from generate_series(1, 2000) as n;
insert into shop.line select n, 'line' from generate_series(1, 100) as n;
refresh materialized view shop.daily;
"""
CHANGES = {
    "deleted": "delete from shop.sale where id > 100 and id % 3 = 0",
    "updated": "update shop.sale set net = net + 1, code = code || ' x' where id % 7 = 0",
    "values exchanged": "update shop.sale set code = null where id = 1; update shop.sale set code = 'code 1' where id = 2; "
    "update shop.sale set code = 'code 2' where id = 1",
    "inserted": "insert into shop.sale (net, code) select n, null from generate_series(1, 50) as n",
    "truncated": "truncate shop.sale cascade",
    "unchanged": "select 1",
}


@pytest.fixture
async def shop(empty: ConnectionSettings) -> ConnectionSettings:
    async with connected(empty) as connection:
        if not await connection.fetchval("select count(*) from pg_roles where rolname = 'table_reader'"):
            await connection.execute("create role table_reader")
        await connection.execute(SHOP)
        await connection.execute("truncate shop.fired")  # by deferred triggers too
    return empty


async def _catalogue(settings: ConnectionSettings) -> dict[str, object]:
    async with connected(settings) as connection:
        return await read_catalogue(connection)


async def _row_differences(backup: PlainBackup, settings: ConnectionSettings, *but: str) -> list[str]:
    async with connected(settings) as connection:
        rows = await count_rows(connection)
    expected = [table for table in backup.manifest.rows if table.name not in but]
    return row_differences(expected, [table for table in rows if table.name not in but])


async def restore(
    backup: PlainBackup, settings: ConnectionSettings, table: str, beside: str = ""
) -> list[str]:
    result = await restore_table(backup.source, settings, table, beside, settings.database)
    return list(result.remarks)


@pytest.mark.parametrize("change", CHANGES)
async def test_a_table_with_everything_around_it(
    shop: ConnectionSettings, tmp_path: Path, change: str
) -> None:
    backup = await back_up(shop, tmp_path)
    async with connected(shop) as connection:
        await connection.execute(CHANGES[change])
        await connection.execute("truncate shop.fired")
    before = await _catalogue(shop)
    plan = await plan_table_restore(backup.source, shop, "shop.sale", "")
    assert plan.replaces_data
    assert any("refresh materialized view shop.daily" in line for line in plan.lines())
    assert await restore(backup, shop, "shop.sale") == []
    assert differences(before, await _catalogue(shop), majors=(18, 18), restored=False) == []
    but = ("shop.line",) if change == "truncated" else ()
    assert await _row_differences(backup, shop, *but) == []
    async with connected(shop) as connection:
        next_id = "insert into shop.sale (net) values (1) returning id"
        assert await connection.fetchval(next_id) >= 2001


async def test_the_confirmation(shop: ConnectionSettings, tmp_path: Path) -> None:
    backup = await back_up(shop, tmp_path)
    for beside in ("", "copied"):
        plan = await plan_table_restore(backup.source, shop, "shop.sale", beside)
        with pytest.raises(RestoreRefused, match=f"--confirm {shop.database}"):
            plan.ensure_possible("")
        with pytest.raises(RestoreRefused, match="names another"):
            plan.ensure_possible("another")
        plan.ensure_possible(shop.database)
    with pytest.raises(RestoreRefused, match=r"no table shop\.nothing"):
        await plan_table_restore(backup.source, shop, "shop.nothing", "")


@pytest.mark.slow
async def test_readers_see_one_of_the_two_states_and_never_wait(
    shop: ConnectionSettings, tmp_path: Path
) -> None:
    async with connected(shop) as connection:
        await connection.execute(
            "insert into shop.sale (net, code) select n, 'more ' || n from generate_series(1, 60000) as n"
        )
        backup = await back_up(shop, tmp_path, big=("shop.sale",))
        await connection.execute(
            "delete from shop.sale where id % 2 = 0 and id > 100; update shop.sale set net = 7"
        )
        states = {await connection.fetchval(_STATE)}
    done, seen = asyncio.Event(), set()

    async def read() -> None:
        async with connected(shop) as reader:
            while not done.is_set():
                # The server's own measure of a wait for locks: processors are shared with other tests.
                await reader.execute("set lock_timeout = '100ms'")
                seen.add(await reader.fetchval(_STATE))

    async with connected(shop) as old:
        await old.execute("begin isolation level repeatable read")
        before = await old.fetchval(_STATE)
        reading = asyncio.create_task(read())
        await restore(backup, shop, "shop.sale")
        done.set()
        await reading
        assert await old.fetchval(_STATE) == before
        await old.execute("rollback")
    async with connected(shop) as connection:
        states.add(await connection.fetchval(_STATE))
    assert len(states) == 2
    assert seen == states
    assert before in states


_STATE = "select count(*) || ' ' || sum(net) as state from shop.sale"


async def test_a_writer_in_the_way(shop: ConnectionSettings, tmp_path: Path) -> None:
    """It delays the exchange, which never waits in front of readers for longer than an attempt."""
    backup = await back_up(shop, tmp_path)
    waited = asyncio.Event()

    def on_step(step: progress.Progress) -> None:
        if step.step == "restore.waiting":
            waited.set()

    async with connected(shop) as writer, connected(shop) as reader:
        await writer.execute("begin; update shop.sale set net = 1 where id = 1")
        with progress.listening(on_step):
            restoring = asyncio.create_task(restore(backup, shop, "shop.sale"))
            while not waited.is_set():
                started = time.monotonic()
                await reader.fetchval("select count(*) from shop.sale")
                assert time.monotonic() - started < 0.1
                await asyncio.sleep(0.01)
        await writer.execute("commit")
        await restoring
        await writer.execute("truncate shop.fired")
    assert await _row_differences(backup, shop) == []


async def test_without_a_primary_key_with_equal_rows(empty: ConnectionSettings, tmp_path: Path) -> None:
    async with connected(empty) as connection:
        await connection.execute(
            'create table public.note (a text, "line" integer, number float8, primary_line text generated always as (a || 1) '
            "stored); insert into public.note select nullif('x' || n % 3, 'x1'), n % 2, -0.0 from generate_series(1, 40) as n; "
            "create table public.nothing (); insert into public.nothing default values; "
            "insert into public.nothing default values"
        )
        backup = await back_up(empty, tmp_path)
        await connection.execute(
            "delete from note where ctid in (select ctid from note limit 11); update note set number = 0 where line = 1; "
            "insert into note select 'x0', 0, -0.0 from generate_series(1, 30); insert into public.nothing default values".replace(
                " note", " public.note"
            )
        )
    await restore(backup, empty, "public.note")
    await restore(backup, empty, "public.nothing")
    assert await _row_differences(backup, empty) == []
