"""A backup of a real database: whole, restorable with standard programs alone, or not there at all."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import asyncpg
import pytest

from tasks.backup.create import BackupRequest, CreatedBackup, create_backup
from tasks.backup.dump.holder import holding_snapshot, patiently_connected
from tasks.backup.dump.tools import Tools, find_tools
from tasks.backup.listing import list_backups
from tasks.backup.records import record_backup
from tasks.backup.vault.local import LocalVault
from tasks.errors import BackupFailed, RightsMissing, SettingsError, VaultError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import SUPERUSER, EmbeddedServer
from tests.support.age import make_key, program

KEY = b"a key of the manifests"
SHOP = """
create schema shop;
create table shop.till (till_id integer primary key, place text not null);
insert into shop.till select n, 'place ' || n from generate_series(1, 100) as n;
create table shop.sale (sale_id bigint primary key, till_id integer references shop.till, amount numeric(18, 4));
insert into shop.sale select n, 1 + n % 100, n / 7.0 from generate_series(1, 20000) as n;
"""


@pytest.fixture
def vault(tmp_path: Path) -> LocalVault:
    return LocalVault(tmp_path / "vault")


@pytest.fixture
async def shop(empty: ConnectionSettings) -> ConnectionSettings:
    async with connected(empty) as connection:
        await connection.execute(SHOP)
    return empty


@pytest.fixture(scope="module")
def tools() -> tuple[Tools, ...]:
    return asyncio.run(find_tools())


async def back_up(
    settings: ConnectionSettings, vault: LocalVault, folder: Path, **request: object
) -> CreatedBackup:
    identity = folder / "identity"
    recipient = make_key(identity) if not identity.exists() else _public_key(identity)
    made = BackupRequest((recipient,), KEY, **request)  # type: ignore[arg-type]
    return await create_backup(settings, vault, await find_tools(), made)


def _public_key(identity: Path) -> str:
    command = [program("age-keygen"), "-y", identity]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


async def test_restorable_with_two_standard_programs(
    shop: ConnectionSettings,
    server: EmbeddedServer,
    vault: LocalVault,
    tools: tuple[Tools, ...],
    tmp_path: Path,
) -> None:
    created = await back_up(shop, vault, tmp_path, big_table_bytes=100_000)
    archives = created.manifest.objects
    assert [archive.table for archive in archives] == ["", "shop.sale"]
    assert created.manifest.compression == "gzip"  # this server's pg_dump has no zstd
    assert all(archive.name.endswith(".dump.age") for archive in archives)

    superuser = server.settings(SUPERUSER, shop.database)
    async with connected(superuser) as connection:
        await connection.execute("create database copied owner retail")
    (tool,) = (tool for tool in tools if tool.major == 18)
    restore = f"{tool.pg_restore} --host={shop.host} --username=retail --dbname=copied"
    sections = [
        ("pre-data", archives[0]),
        ("data", archives[0]),
        ("data", archives[1]),
        ("post-data", archives[0]),
    ]
    for section, archive in sections:
        path = tmp_path / "vault" / str(created.manifest.id) / archive.name
        opened = f"{program('age')} -d -i {tmp_path / 'identity'} {path} | {restore} --section={section}"
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", opened], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    async with connected(server.settings(SUPERUSER, "copied")) as connection:
        assert await connection.fetchval("select count(*) from shop.sale") == 20_000
        assert await connection.fetchval("select count(*) from pg_constraint where contype = 'f'") == 1
    async with connected(superuser) as connection:
        await connection.execute("drop database copied")


async def test_the_backup_is_the_snapshot_whatever_is_written_meanwhile(
    shop: ConnectionSettings, vault: LocalVault, tmp_path: Path
) -> None:
    stop = asyncio.Event()

    async def write() -> int:
        written = 0
        async with connected(shop) as connection:
            while not stop.is_set():
                await connection.execute("insert into shop.sale select max(sale_id) + 1, 1, 1 from shop.sale")
                written += 1
        return written

    writer = asyncio.create_task(write())
    await asyncio.sleep(0.05)
    created = await back_up(shop, vault, tmp_path)
    stop.set()
    assert await writer > 10
    rows = {table.name: table.rows for table in created.manifest.rows}
    assert rows["shop.till"] == 100
    assert rows["shop.sale"] > 20_000
    (listed,) = list_backups(vault, KEY)
    assert (listed.id, listed.authenticity) == (str(created.manifest.id), "authentic")


async def test_a_truncate_waits_and_readers_do_not(shop: ConnectionSettings, vault: LocalVault) -> None:
    async with (
        patiently_connected(shop) as connection,
        holding_snapshot(connection, shop, ()),
        connected(shop) as impatient,
    ):
        await impatient.execute("set lock_timeout = '300ms'")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await impatient.execute("truncate shop.sale")
        assert await impatient.fetchval("select count(*) from shop.sale") == 20_000


async def test_a_schema_that_changes_each_time_fails_the_backup_and_names_the_change(
    shop: ConnectionSettings, vault: LocalVault, tmp_path: Path
) -> None:
    stop = asyncio.Event()

    async def change() -> None:
        async with connected(shop) as connection:
            number = 0
            while not stop.is_set():
                number += 1
                await connection.execute(f"create view shop.view_{number} as select 1 as one")
                await asyncio.sleep(0.02)

    changer = asyncio.create_task(change())
    await asyncio.sleep(0.1)
    with pytest.raises(BackupFailed, match=r"schema changed during each of 3 attempts: .*shop\.view_"):
        await back_up(shop, vault, tmp_path)
    stop.set()
    await changer
    assert vault.objects() == []


async def test_one_change_of_the_schema_is_met_by_a_second_attempt(
    shop: ConnectionSettings, vault: LocalVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks import progress

    def change(step: progress.Progress) -> None:
        if step.step == "backup.fingerprints" and not changed:
            changed.append(step.step)
            subprocess.run(
                [
                    "psql",
                    "-X",
                    "-h",
                    shop.host,
                    "-U",
                    shop.user,
                    shop.database,
                    "-c",
                    "create index on shop.sale (amount)",
                ],
                check=True,
                capture_output=True,
            )

    changed: list[str] = []
    with progress.listening(change):
        created = await back_up(shop, vault, tmp_path)
    assert changed
    assert "shop.sale_amount_idx" in created.manifest.catalogue["indexes"]
    assert [backup.id for backup in list_backups(vault, KEY)] == [str(created.manifest.id)]


async def test_tables_of_a_backup_of_single_tables(
    shop: ConnectionSettings, vault: LocalVault, tmp_path: Path
) -> None:
    created = await back_up(shop, vault, tmp_path, tables=("shop.till",))
    assert (created.manifest.kind, created.manifest.tables) == ("table", ("shop.till",))
    assert [(table.name, table.rows) for table in created.manifest.rows] == [("shop.till", 100)]
    with pytest.raises((SettingsError, BackupFailed), match="no such table"):
        await back_up(shop, vault, tmp_path, tables=("shop.nix",))


async def test_the_partitions_of_a_single_table(
    shop: ConnectionSettings, vault: LocalVault, tools: tuple[Tools, ...], tmp_path: Path
) -> None:
    async with connected(shop) as connection:
        await connection.execute(
            "create table shop.visit (day date, n int) partition by range (day); "
            "create table shop.visit_old partition of shop.visit for values from ('2020-01-01') to ('2025-01-01'); "
            "create table shop.visit_new partition of shop.visit for values from ('2025-01-01') to ('2030-01-01'); "
            "insert into shop.visit select date '2023-01-01' + n, n from generate_series(1, 1500) as n"
        )
    created = await back_up(shop, vault, tmp_path, tables=("shop.visit",))
    assert [(table.name, table.rows) for table in created.manifest.rows] == [("shop.visit", 1500)]
    (archive,) = created.manifest.objects
    path = tmp_path / "vault" / str(created.manifest.id) / archive.name
    (tool,) = (tool for tool in tools if tool.major == 18)
    script = f"{program('age')} -d -i {tmp_path / 'identity'} {path} | {tool.pg_restore} -f - --data-only"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script], capture_output=True, text=True, check=True
    )
    assert sum(line.startswith("202") for line in done.stdout.splitlines()) == 1500


async def test_rows_that_the_role_may_not_see_fail_the_backup_beforehand(
    shop: ConnectionSettings, server: EmbeddedServer, vault: LocalVault, tmp_path: Path
) -> None:
    async with connected(server.settings(SUPERUSER, shop.database)) as connection:
        await connection.execute(
            "create table shop.others (a integer); alter table shop.others owner to postgres"
        )
        with pytest.raises(RightsMissing, match=r"may not read shop\.others.*pg_read_all_data"):
            await back_up(shop, vault, tmp_path)
        await connection.execute(
            "grant select on shop.others to retail; alter table shop.others enable row level security"
        )
        with pytest.raises(RightsMissing, match=r"hides rows of shop\.others.*bypassrls"):
            await back_up(shop, vault, tmp_path)
    assert not (tmp_path / "vault").exists()


async def test_a_read_only_database_is_recorded_in_the_vault_alone(
    warehouse: ConnectionSettings, vault: LocalVault, tmp_path: Path
) -> None:
    async with connected(warehouse) as connection:
        await connection.execute(
            f"alter database {warehouse.database} set default_transaction_read_only = on"
        )
    created = await back_up(warehouse, vault, tmp_path)
    assert await record_backup(warehouse, created, vault.display) == "the database is read-only"
    assert [backup.id for backup in list_backups(vault, KEY)] == [str(created.manifest.id)]


@pytest.mark.slow
async def test_the_holder_is_lost(
    shop: ConnectionSettings, server: EmbeddedServer, vault: LocalVault, tmp_path: Path
) -> None:
    async with connected(shop) as connection:
        await connection.execute(
            "insert into shop.sale select n, 1, 1 from generate_series(20001, 400000) as n"
        )
    working = asyncio.create_task(back_up(shop, vault, tmp_path))
    async with connected(server.settings(SUPERUSER, shop.database)) as connection:
        dumping = "select count(*) from pg_stat_activity where application_name = 'prefect-retail pg_dump'"
        while not await connection.fetchval(dumping):
            await asyncio.sleep(0.01)
        ended = await connection.fetchval(
            "select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction' "
            "and datname = current_database() and application_name = 'prefect-retail' order by xact_start limit 1"
        )
        assert ended
        with pytest.raises(BackupFailed, match="snapshot was lost"):
            await working
        for _ in range(100):
            left = await connection.fetchval(
                "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            )
            if not left:
                break
            await asyncio.sleep(0.05)
        assert left == 0
    assert vault.objects() == []


async def test_a_vault_that_refuses(shop: ConnectionSettings, tmp_path: Path) -> None:
    class FullAfter(LocalVault):
        def put(self, name: str, data: bytes, *, replace: bool = False) -> None:
            raise VaultError("it is full.", vault=self.display)

    vault = FullAfter(tmp_path / "vault")
    with pytest.raises(VaultError, match="it is full"):
        await back_up(shop, vault, tmp_path)
    assert vault.objects() == []
