"""After any crash of the server or of initdb, the next start gives a working server with all committed data."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest

from tasks.errors import ConnectionInterrupted
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.binaries import find_server_user
from tasks.postgres.embedded.processes import find_postmaster
from tasks.postgres.embedded.server import EmbeddedServer
from tests.support.embedded_folders import QUICK, data_folder, start_elsewhere


@pytest.fixture(scope="module")
def own() -> Iterator[EmbeddedServer]:
    with data_folder() as folder:
        yield EmbeddedServer(folder, QUICK)


@pytest.fixture
def embedded(own: EmbeddedServer) -> EmbeddedServer:
    """A running server of this file alone, with a committed row."""
    asyncio.run(commit_row(own.start()))
    return own


async def commit_row(address: ConnectionSettings) -> None:
    async with connected(address) as connection:
        await connection.execute("create table if not exists public.kept as select 7 as seven")


async def read_row(address: ConnectionSettings) -> int:
    async with connected(address) as connection:
        return int(await connection.fetchval("select seven from public.kept"))


def pid_of(embedded: EmbeddedServer) -> int:
    pid = find_postmaster(embedded.cluster)
    assert pid is not None
    return pid


async def test_restart_after_a_kill(embedded: EmbeddedServer) -> None:
    os.kill(pid_of(embedded), signal.SIGKILL)
    assert await read_row(embedded.start()) == 7


async def test_restart_after_a_kill_with_a_busy_session(embedded: EmbeddedServer) -> None:
    async def be_busy() -> None:
        with suppress(ConnectionInterrupted):
            async with connected(embedded.settings()) as connection:
                await connection.execute("select count(*) from generate_series(1, 1e12)")

    busy = asyncio.create_task(be_busy())
    await asyncio.sleep(0.3)
    os.kill(pid_of(embedded), signal.SIGKILL)
    assert await read_row(await asyncio.to_thread(embedded.start)) == 7
    await busy


def test_a_zombie_counts_as_stopped(embedded: EmbeddedServer) -> None:
    process = psutil.Process(pid_of(embedded))
    os.kill(process.pid, signal.SIGKILL)
    while process.status() != psutil.STATUS_ZOMBIE:  # this process started it and has not waited for it
        time.sleep(0.01)
    assert not embedded.is_running()
    assert embedded.stop() is False


def test_the_pid_file_names_a_zombie(embedded: EmbeddedServer) -> None:
    """The process that started the killed server has not waited for it."""
    embedded.stop()
    with open(os.devnull, "wb") as nowhere:
        dead = find_server_user().spawn(["sleep", "60"], nowhere)
    dead.send_signal(signal.SIGKILL)
    while psutil.Process(dead.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    (embedded.cluster / "postmaster.pid").write_text(f"{dead.pid}\n{embedded.cluster}\n1\n5432\n\n\n\n")
    assert asyncio.run(read_row(embedded.start())) == 7
    dead.wait()


def test_the_pid_file_names_another_program(embedded: EmbeddedServer) -> None:
    embedded.stop()
    user = find_server_user()
    with open(os.devnull, "wb") as nowhere:
        other = user.spawn(["sleep", "60"], nowhere)
    file = embedded.cluster / "postmaster.pid"
    file.write_text(f"{other.pid}\n{embedded.cluster}\n{int(time.time())}\n5432\n\n\n\n")
    assert not embedded.is_running()
    assert embedded.stop() is False
    assert asyncio.run(read_row(embedded.start())) == 7
    assert other.poll() is None
    other.kill()
    other.wait()


def test_the_pid_file_names_another_server(embedded: EmbeddedServer, server: EmbeddedServer) -> None:
    embedded.stop()
    shutil.copy(server.cluster / "postmaster.pid", embedded.cluster / "postmaster.pid")
    assert not embedded.is_running()
    assert embedded.stop() is False
    assert asyncio.run(read_row(embedded.start())) == 7
    assert server.is_running()


@pytest.mark.slow
def test_the_data_folder_was_deleted_under_the_server(embedded: EmbeddedServer) -> None:
    old = psutil.Process(pid_of(embedded))
    shutil.rmtree(embedded.folder)
    address = embedded.start()
    assert not old.is_running() or old.status() == psutil.STATUS_ZOMBIE
    asyncio.run(commit_row(address))


@pytest.mark.slow
def test_initdb_was_killed() -> None:
    with data_folder() as folder:
        fresh = EmbeddedServer(folder, QUICK)
        starter = start_elsewhere(folder)
        while not list(fresh.folder.glob("making-*/PG_VERSION")):
            assert starter.poll() is None
            time.sleep(0.001)
        os.killpg(starter.pid, signal.SIGKILL)
        starter.communicate()
        assert not fresh.cluster.exists()

        asyncio.run(commit_row(fresh.start()))
        assert list(fresh.folder.glob("making-*")) == []


def test_the_database_is_missing(embedded: EmbeddedServer) -> None:
    command = [str(embedded.psql()), "-Xqh", str(embedded.socket_dir), "-U", "postgres", "-d", "postgres"]
    subprocess.run([*command, "-c", "drop database retail"], check=True, cwd="/")
    asyncio.run(commit_row(embedded.start()))
