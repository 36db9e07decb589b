"""A restore of a table that cannot be right, or breaks off, leaves the live table as it was and nothing behind."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tasks import progress
from tasks.backup.create import BackupRequest, create_backup
from tasks.backup.dump.tools import find_tools
from tasks.backup.keys.encryption import read_identities
from tasks.backup.listing import find_backup
from tasks.backup.manifest import write_manifest
from tasks.backup.restore.decrypted import DecryptedArchives
from tasks.backup.restore.restore import RestoreSource
from tasks.backup.table.restore import plan_table_restore, restore_table
from tasks.backup.vault.local import LocalVault
from tasks.errors import BackupDamaged, RestoreRefused, RetailError, WarehouseBusy
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.load_lock import locked_transaction
from tests.support.age import make_key
from tests.support.deliveries import HEADER, LINE, write
from tests.support.plain_run import assert_accounted, run
from tests.support.restores import back_up, differences_of
from tests.support.slow import slow_but
from tests.tasks.backup.conftest import Databases

KEY = b"a key of the manifests"
_LEFT = "select count(*) from pg_class where relname like 'retail_restore%'"


@dataclass
class Stored:
    """A backup in a vault, encrypted."""

    vault: LocalVault
    folder: Path
    identity: Path

    async def source(self) -> RestoreSource:
        manifest = find_backup(self.vault, KEY, self.folder.name).readable()
        archives = DecryptedArchives(self.vault, manifest, read_identities(self.identity))
        return RestoreSource(manifest, archives, await find_tools())


async def _store(settings: ConnectionSettings, folder: Path, *tables: str) -> Stored:
    vault, identity = LocalVault(folder / "vault"), folder / "identity"
    request = BackupRequest((make_key(identity),), KEY, tables=tables, big_table_bytes=500_000)
    created = await create_backup(settings, vault, await find_tools(), request)
    return Stored(vault, folder / "vault" / str(created.manifest.id), identity)


@pytest.fixture
async def shop(empty: ConnectionSettings) -> ConnectionSettings:
    async with connected(empty) as connection:
        await connection.execute(
            "create schema shop; create table shop.sale (id integer primary key, note text); "
            "create table shop.till (id serial primary key, name text); "
            "insert into shop.sale select n, md5(n::text) from generate_series(1, 20000) as n; "
            "insert into shop.till (name) select 'till ' || n from generate_series(1, 10) as n"
        )
    return empty


async def _sum(settings: ConnectionSettings, table: str = "shop.sale") -> str:
    async with connected(settings) as connection:
        statement = f"select count(*) || ' ' || coalesce(sum(hashtext(t::text)), 0) from {table} as t"
        return str(await connection.fetchval(statement))


@pytest.mark.parametrize("table", slow_but(["shop.till"], ["shop.sale", "shop.till"]))
async def test_from_a_vault(shop: ConnectionSettings, tmp_path: Path, table: str) -> None:
    stored, before = await _store(shop, tmp_path), await _sum(shop, table)
    source = await stored.source()
    assert [archive.table for archive in source.manifest.objects] == ["", "shop.sale"]
    async with connected(shop) as connection:
        await connection.execute(f"delete from {table} where id % 2 = 0")
    await restore_table(source, shop, table, "", shop.database)
    assert await _sum(shop, table) == before


@pytest.mark.parametrize(
    "change",
    slow_but(["drop table shop.till"], ["delete from shop.till where id > 2", "drop table shop.till"]),
)
async def test_from_a_backup_of_the_table_alone(
    shop: ConnectionSettings, tmp_path: Path, change: str
) -> None:
    stored, before = await _store(shop, tmp_path, "shop.till"), await _sum(shop, "shop.till")
    async with connected(shop) as connection:
        await connection.execute(change)
        await restore_table(await stored.source(), shop, "shop.till", "", shop.database)
        assert await _sum(shop, "shop.till") == before
        assert await connection.fetchval("insert into shop.till (name) values ('new') returning id") == 11


@pytest.mark.parametrize("beside", slow_but([""], ["", "copied"]))
async def test_a_manifest_with_another_fingerprint(
    shop: ConnectionSettings, tmp_path: Path, beside: str
) -> None:
    stored = await _store(shop, tmp_path)
    manifest = (await stored.source()).manifest
    rows = tuple(replace(table, fingerprint="1") for table in manifest.rows)
    (stored.folder / "manifest.json").write_bytes(write_manifest(replace(manifest, rows=rows), KEY))
    async with connected(shop) as connection:
        await connection.execute("delete from shop.sale where id > 100")
        before = await _sum(shop)
        with pytest.raises(RestoreRefused, match=r"table shop\.sale: other values in its 20,000 rows"):
            await restore_table(await stored.source(), shop, "shop.sale", beside, shop.database)
        assert await _sum(shop) == before
        assert await connection.fetchval(_LEFT) == 0
        assert await connection.fetchval("select to_regclass('shop.copied')") is None


async def test_an_archive_that_was_changed_after_it_was_verified(
    shop: ConnectionSettings, tmp_path: Path
) -> None:
    stored = await _store(shop, tmp_path)
    source = await stored.source()
    path = stored.folder / "0001.dump.age"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    before = await _sum(shop)
    with pytest.raises(BackupDamaged):
        await restore_table(source, shop, "shop.sale", "", shop.database)
    assert await _sum(shop) == before


@pytest.mark.parametrize("step", slow_but(["restore.exchange"], ["restore.rows", "restore.exchange"]))
async def test_a_session_that_is_killed_in_the_middle(
    shop: ConnectionSettings, databases: Databases, tmp_path: Path, step: str
) -> None:
    backup, whole = await back_up(shop, tmp_path, big=("shop.sale",)), await _sum(shop)
    async with connected(shop) as connection:
        await connection.execute("delete from shop.sale where id > 100")
    before = await _sum(shop)
    killed: list[asyncio.Task[object]] = []
    async with connected(databases.superuser(shop)) as superuser:
        kill = (
            "select count(pg_terminate_backend(pid)) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )

        def on_step(reported: progress.Progress) -> None:
            if reported.step == step and not killed:
                killed.append(asyncio.ensure_future(superuser.fetchval(kill)))

        with progress.listening(on_step), pytest.raises(RetailError):
            await restore_table(backup.source, shop, "shop.sale", "", shop.database)
        assert await killed[0]
        assert await _sum(shop) == before
        assert await superuser.fetchval(_LEFT) == 0
    await restore_table(backup.source, shop, "shop.sale", "", shop.database)
    assert await _sum(shop) == whole


async def _load(warehouse: ConnectionSettings, folder: Path, name: str) -> None:
    lines = "\n".join(LINE.replace("536365", f"{len(name)}{number:05d}") for number in range(200))
    await run(warehouse, folder / "workspace", [write(folder / name, f"{HEADER}\n{lines}\n")])


async def test_a_dimension_of_the_warehouse(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    await _load(warehouse, tmp_path, "till.csv")
    backup = await back_up(warehouse, tmp_path)
    async with connected(warehouse) as connection:
        await connection.execute("update retail_dwh.dim_product set description = 'damaged'")
    async with connected(warehouse) as connection, locked_transaction(connection, warehouse):
        with pytest.raises(WarehouseBusy, match="load lock"):
            await restore_table(
                backup.source,
                replace(warehouse, load_lock_timeout=0.5),
                "retail_dwh.dim_product",
                "",
                warehouse.database,
            )
    result = await restore_table(backup.source, warehouse, "retail_dwh.dim_product", "", warehouse.database)
    assert backup.manifest.warehouse is not None
    assert result.revision == backup.manifest.warehouse.revision
    assert await differences_of(backup, warehouse) == []
    await assert_accounted(warehouse)


async def test_facts_of_one_day_under_the_ledger_of_another(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    await _load(warehouse, tmp_path, "till.csv")
    backup = await back_up(warehouse, tmp_path)
    await _load(warehouse, tmp_path, "another.csv")
    before = await _sum(warehouse, "retail_dwh.fact_sale")
    for table in ("retail_dwh.fact_sale", "retail_ops.delivery"):
        with pytest.raises(RestoreRefused, match=r"not those of the backup \(2 now, 1 then\).*--beside NAME"):
            await restore_table(backup.source, warehouse, table, "", warehouse.database)
    for table in ("load_lock", "backup_lock", "schema_version"):
        for beside in ("", "copied"):
            plan = await plan_table_restore(backup.source, warehouse, f"retail_ops.{table}", beside)
            with pytest.raises(RestoreRefused, match="never restored alone"):
                plan.ensure_possible(warehouse.database)
    await restore_table(backup.source, warehouse, "retail_dwh.fact_sale", "facts_of_then", warehouse.database)
    assert await _sum(warehouse, "retail_dwh.fact_sale") == before
    async with connected(warehouse) as connection:
        assert await connection.fetchval("select count(*) from retail_dwh.facts_of_then") == 200
