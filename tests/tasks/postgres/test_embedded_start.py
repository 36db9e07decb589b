"""The embedded server starts in a new folder, is found again, and outlives the process that started it."""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tasks import progress
from tasks.errors import EmbeddedServerError
from tasks.postgres.connect import connected
from tasks.postgres.embedded import server as server_module
from tasks.postgres.embedded.processes import find_postmaster
from tasks.postgres.embedded.server import EmbeddedServer
from tests.support.embedded_folders import QUICK, data_folder, start_elsewhere


@pytest.fixture
def folder() -> Iterator[Path]:
    with data_folder() as path:
        yield path


@pytest.fixture(scope="module")
def used_folder() -> Iterator[Path]:
    with data_folder() as path:
        EmbeddedServer(path, QUICK).start()
        yield path


async def test_a_new_folder_and_a_second_start(folder: Path) -> None:
    server = EmbeddedServer(folder)
    assert not server.is_running()
    first = server.start()
    async with connected(first) as connection:
        await connection.execute("create table public.kept as select 7 as seven")

    started = time.monotonic()
    assert EmbeddedServer(folder, QUICK).start() == first
    assert time.monotonic() - started < 1
    assert server.is_running()
    async with connected(first) as connection:
        assert await connection.fetchval("select seven from public.kept") == 7


async def test_the_server_outlives_the_process_that_started_it(folder: Path) -> None:
    starter = start_elsewhere(folder)
    shown, _ = starter.communicate(timeout=60)
    assert starter.returncode == 0
    server = EmbeddedServer(folder)
    assert shown.strip() == server.settings().display
    async with connected(server.settings()) as connection:
        assert await connection.fetchval("select 1") == 1


@pytest.mark.slow
def test_two_processes_start_a_new_folder_in_parallel(folder: Path) -> None:
    starters = [start_elsewhere(folder) for _ in range(2)]
    shown = {starter.communicate(timeout=60)[0] for starter in starters}
    assert [starter.returncode for starter in starters] == [0, 0]
    assert len(shown) == 1
    expected = ["-D", str(EmbeddedServer(folder).cluster)]
    running = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    assert sum(command[1:3] == expected for command in running) == 1


def test_waiting_for_another_start_is_reported(used_folder: Path) -> None:
    EmbeddedServer(used_folder).start()
    reported = threading.Event()

    def listen(event: progress.Progress) -> None:
        if event.step == "embedded.waiting":
            reported.set()

    with progress.listening(listen), open(used_folder / "postgres" / "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = threading.Thread(target=EmbeddedServer(used_folder).start)
        waiting.start()
        assert reported.wait(10)
        fcntl.flock(lock, fcntl.LOCK_UN)
        waiting.join(10)
    assert not waiting.is_alive()


def test_stopping_twice(used_folder: Path) -> None:
    server = EmbeddedServer(used_folder)
    server.start()
    assert server.stop() is True
    assert not server.is_running()
    assert server.stop() is False


def test_a_server_that_is_shutting_down_is_restarted(
    used_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = EmbeddedServer(used_folder)
    server.stop()
    stale_pids = iter([12345])
    monkeypatch.setattr(
        server_module, "find_postmaster", lambda cluster: next(stale_pids, find_postmaster(cluster))
    )
    server.start()
    assert find_postmaster(server.cluster) is not None


def test_a_failed_start_shows_the_log(used_folder: Path) -> None:
    EmbeddedServer(used_folder).stop()
    with pytest.raises(EmbeddedServerError, match='invalid value for parameter "shared_buffers"'):
        EmbeddedServer(used_folder, {"shared_buffers": "plenty"}).start()


def test_stopping_a_missing_server_creates_nothing(tmp_path: Path) -> None:
    assert EmbeddedServer(tmp_path / "data").stop() is False
    assert not (tmp_path / "data").exists()
