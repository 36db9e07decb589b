"""A backup that is killed or cut anywhere leaves no backup, nothing running, and leftovers that go after a time."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from tasks import progress
from tasks.backup.create import BackupRequest, create_backup
from tasks.backup.dump.tools import find_tools
from tasks.backup.leftovers import clean_leftovers
from tasks.backup.listing import list_backups
from tasks.backup.vault.local import LocalVault
from tasks.errors import BackupFailed, ConnectionInterrupted, RetailError
from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.age import make_key
from tests.support.servers import TcpServer, debian_binaries, tcp_server

_SHOP = (
    "create schema shop; create table shop.sale as select n as sale_id, md5(n::text) as note "
    "from generate_series(1, 300000) as n; create table shop.till as select 1 as till_id"
)
# Backs up, and stops for a minute at a step, so that it can be killed there.
_SCRIPT = """
import asyncio, sys, time
from pathlib import Path
from tasks import progress
from tasks.backup.create import BackupRequest, create_backup
from tasks.backup.dump.tools import find_tools
from tasks.backup.vault.local import LocalVault
from tasks.postgres.connect import from_url

def stop(step):
    if step.step == sys.argv[4]:
        print("there", flush=True)
        time.sleep(float(sys.argv[5]))

async def main():
    with progress.listening(stop):
        request = BackupRequest((sys.argv[3],), b"key", big_table_bytes=100_000)
        await create_backup(from_url(sys.argv[1]), LocalVault(Path(sys.argv[2])), await find_tools(), request)

asyncio.run(main())
"""


@pytest.fixture
async def shop(empty: ConnectionSettings) -> ConnectionSettings:
    async with connected(empty) as connection:
        await connection.execute(_SHOP)
    return empty


@pytest.fixture
def recipient(tmp_path: Path) -> str:
    return make_key(tmp_path / "identity")


async def back_up(settings: ConnectionSettings, vault: LocalVault, recipient: str) -> None:
    request = BackupRequest((recipient,), b"key", big_table_bytes=100_000)
    await create_backup(settings, vault, await find_tools(), request)


async def sessions(settings: ConnectionSettings) -> int:
    async with connected(settings) as connection:
        count: int = await connection.fetchval(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        )
    return count


async def nothing_runs_on_the_server(settings: ConnectionSettings) -> None:
    end = time.monotonic() + 20
    while await sessions(settings):
        assert time.monotonic() < end, "sessions of the backup are left"
        await asyncio.sleep(0.1)


async def a_clean_backup_follows(settings: ConnectionSettings, folder: Path, recipient: str) -> None:
    vault = LocalVault(folder)
    before = {backup.id for backup in list_backups(vault, b"key")} if folder.exists() else set()
    await back_up(settings, vault, recipient)
    after = {backup.id for backup in list_backups(vault, b"key")}
    assert len(after - before) == 1


@pytest.mark.parametrize(
    "step",
    [
        "backup.archive",
        pytest.param("backup.snapshot", marks=pytest.mark.slow),
        pytest.param("backup.fingerprints", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("ending", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
async def test_the_process_ends(
    shop: ConnectionSettings, recipient: str, tmp_path: Path, step: str, ending: signal.Signals
) -> None:
    folder = tmp_path / "vault"
    # asyncio hears of an interruption when the step is over.
    seconds = "60" if ending is signal.SIGKILL else "2"
    command = [sys.executable, "-c", _SCRIPT, shop.display, str(folder), recipient, step, seconds]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "there\n"
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(ending)
    process.wait(timeout=30)
    _, alive = psutil.wait_procs(children, timeout=15)
    assert alive == []
    await nothing_runs_on_the_server(shop)
    vault = LocalVault(folder)
    if folder.exists():
        assert list_backups(vault, b"key") == ()
    await a_clean_backup_follows(shop, folder, recipient)
    later = datetime.now(UTC) + timedelta(hours=25)
    clean_leftovers(vault, now=later)
    (left,) = {path.parent.name for path in folder.rglob("*") if path.is_file()}
    assert [backup.id for backup in list_backups(vault, b"key")] == [left]


@contextmanager
def at(step: str, act: Callable[[], object]) -> Iterator[None]:
    """Do something once, when the backup reaches a step."""
    done: list[str] = []

    def listen(reached: progress.Progress) -> None:
        if reached.step == step and not done:
            done.append(step)
            act()

    with progress.listening(listen):
        yield
    assert done


async def test_pg_dump_is_killed(shop: ConnectionSettings, recipient: str, tmp_path: Path) -> None:
    killer = asyncio.create_task(_keep_killing())
    with pytest.raises(BackupFailed, match=r"exit code -9"):
        await back_up(shop, LocalVault(tmp_path / "vault"), recipient)
    killer.cancel()
    await nothing_runs_on_the_server(shop)
    assert [path for path in (tmp_path / "vault").rglob("*") if path.is_file()] == []
    await a_clean_backup_follows(shop, tmp_path / "vault", recipient)


async def _keep_killing() -> None:
    while True:
        for child in psutil.Process(os.getpid()).children(recursive=True):
            with suppress(psutil.Error):  # it has just ended
                if child.name() == "pg_dump":
                    child.kill()
        await asyncio.sleep(0.01)


@pytest.fixture
def other_server() -> Iterator[TcpServer]:
    with tcp_server(debian_binaries()) as server:
        yield server


@pytest.mark.slow
async def test_the_server_crashes(other_server: TcpServer, recipient: str, tmp_path: Path) -> None:
    settings = other_server.settings()
    async with connected(settings) as connection:
        await connection.execute(_SHOP)
    with (
        at("backup.snapshot", other_server.kill),
        pytest.raises((BackupFailed, ConnectionInterrupted, RetailError)),
    ):
        await back_up(settings, LocalVault(tmp_path / "vault"), recipient)
    if (tmp_path / "vault").exists():
        assert list_backups(LocalVault(tmp_path / "vault"), b"key") == ()
    other_server.start()
    await a_clean_backup_follows(settings, tmp_path / "vault", recipient)


async def test_it_is_cancelled(shop: ConnectionSettings, recipient: str, tmp_path: Path) -> None:
    backup = asyncio.create_task(back_up(shop, LocalVault(tmp_path / "vault"), recipient))
    with at("backup.archive", backup.cancel), pytest.raises(asyncio.CancelledError):
        await backup
    await nothing_runs_on_the_server(shop)
    assert [path for path in (tmp_path / "vault").rglob("*") if path.is_file()] == []
    await a_clean_backup_follows(shop, tmp_path / "vault", recipient)
