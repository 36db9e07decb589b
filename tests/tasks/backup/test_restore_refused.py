"""A restore that cannot succeed is refused before the target is touched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.backup.restore.restore import plan_restore
from tasks.errors import RestoreRefused, ToolMissing
from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.restores import PlainBackup, back_up, differences_of, restore
from tests.support.servers import TcpServer
from tests.tasks.backup.conftest import Databases, server_of_major

_OF_18 = """
create schema shop;
create table shop.sale (id integer, price integer, vat integer generated always as (price / 5) virtual);
alter table shop.sale add constraint id_there not null id not valid;
alter table shop.sale add constraint is_cheap check (price < 10) not enforced;
"""


@pytest.fixture(scope="module")
def older() -> Iterator[TcpServer]:
    with server_of_major(17) as server:
        yield server


async def _shop(settings: ConnectionSettings, folder: Path, script: str) -> PlainBackup:
    async with connected(settings) as connection:
        await connection.execute(script)
    return await back_up(settings, folder)


async def test_what_an_older_major_does_not_know(
    empty: ConnectionSettings, restored: ConnectionSettings, older: TcpServer, tmp_path: Path
) -> None:
    backup = await _shop(empty, tmp_path, _OF_18)
    with pytest.raises(RestoreRefused) as caught:
        await restore(backup, older.settings())
    assert caught.value.what.splitlines()[1:] == [
        "Postgres 17 has no NOT VALID not-null constraints: shop.sale id_there. Restore into 18 or later.",
        "Postgres 17 has no NOT ENFORCED constraints: shop.sale is_cheap. Restore into 18 or later.",
        "Postgres 17 has no virtual generated columns: shop.sale.vat. Restore into 18 or later.",
    ]
    assert older.sql("select count(*) from pg_namespace where nspname = 'shop'", "retail") == "0"
    await restore(backup, restored)
    assert await differences_of(backup, restored) == []


async def test_no_pg_restore_that_reads_the_archive(
    empty: ConnectionSettings, restored: ConnectionSettings, tmp_path: Path
) -> None:
    backup = await _shop(empty, tmp_path, "create schema shop")
    tools = tuple(tool for tool in backup.source.tools if tool.major < 18)
    assert tools
    with pytest.raises(ToolMissing, match="reads archives of version 18"):
        await restore(replace(backup, source=replace(backup.source, tools=tools)), restored)


async def test_text_partitions_in_a_database_that_sorts_otherwise(older: TcpServer, tmp_path: Path) -> None:
    older.sql("create database by_bytes owner retail template template0")
    older.sql(
        "create database by_builtin owner retail template template0 locale_provider builtin builtin_locale 'C.UTF-8'"
    )
    by_text = (
        "create schema shop; create table shop.place (name text) partition by range (name); "
        "create table shop.place_a partition of shop.place for values from ('a') to ('b')"
    )
    backup = await _shop(older.settings(database="by_bytes"), tmp_path, by_text)
    plan = await plan_restore(backup.source, older.settings(database="by_builtin"))
    assert plan.refusals == ()  # the same order by another name
    other = replace(
        backup.manifest,
        locale={**backup.manifest.locale, "provider": "icu", "locale": "de-DE", "icu_rules": ""},
    )
    elsewhere = replace(backup, source=replace(backup.source, manifest=other))
    with pytest.raises(RestoreRefused, match=r"rows of shop\.place may fit no partition"):
        await restore(elsewhere, older.settings(database="by_builtin"))
    (tmp_path / "plain").mkdir()
    older.sql("create database plain owner retail template template0")
    plain = await _shop(
        older.settings(database="plain"),
        tmp_path / "plain",
        by_text.replace("range", "list").replace("from ('a') to ('b')", "in ('a')"),
    )
    listed = replace(plain.source, manifest=replace(plain.manifest, locale=other.locale))
    plan = await plan_restore(listed, older.settings(database="by_builtin"))
    assert plan.refusals == ()
    assert plan.remarks == (
        "The target sorts text by C.UTF-8 (builtin), the backup by de-DE (icu): queries may return rows in another order.",
    )


async def test_another_encoding(older: TcpServer, tmp_path: Path) -> None:
    older.sql("create database latin owner retail template template0 encoding 'LATIN1' locale 'C'")
    older.sql("create database utf owner retail template template0")
    backup = await _shop(older.settings(database="utf"), tmp_path, "create schema shop")
    with pytest.raises(RestoreRefused, match="The target has the encoding LATIN1"):
        await restore(backup, older.settings(database="latin"))


async def test_rights_and_extensions(
    empty: ConnectionSettings, restored: ConnectionSettings, databases: Databases, tmp_path: Path
) -> None:
    backup = await _shop(
        empty,
        tmp_path,
        "create schema shop; create table shop.sale (id integer); create schema ext; create extension citext schema ext",
    )
    extensions = {
        **backup.manifest.catalogue["extensions"],
        "postgis": {"owner": "x", "version": "3", "schema": "ext"},
    }
    manifest = replace(
        backup.manifest,
        catalogue={**backup.manifest.catalogue, "extensions": extensions},
        included=("auth",),
        warehouse=None,
    )
    async with connected(databases.superuser(restored)) as connection:
        await connection.execute(
            "create schema shop; create table shop.sale (id integer); create extension citext schema public"
        )
    with pytest.raises(RestoreRefused) as caught:
        await restore(
            replace(backup, source=replace(backup.source, manifest=manifest)), restored, confirmed="no"
        )
    assert caught.value.what.splitlines()[1:] == [
        "The target's server does not have the extension postgis: install them there.",
        "The extension citext is in the schema public of the target, and in ext of the backup, whose objects name it "
        "there: move it (alter extension ... set schema), or drop it.",
        "The role retail may not create objects in shop: grant it CREATE there.",
        "The role retail may not drop shop.sale, which belong to other roles: restore as their owner.",
        "It holds the rows of Supabase's auth, whose tables exist in a Supabase project only.",
    ]
