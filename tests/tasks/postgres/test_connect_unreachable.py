"""A server that cannot be reached is tried again with backoff, said aloud, within a time limit."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tasks import progress
from tasks.errors import WarehouseUnreachable
from tasks.postgres.connect import ConnectionSettings, connect
from tests.support.prefect_server import free_port


@pytest.fixture
def nothing_there() -> ConnectionSettings:
    return ConnectionSettings("127.0.0.1", free_port(), connect_seconds=3)


@pytest.fixture
def told() -> Iterator[list[str]]:
    """What was said while waiting."""
    details: list[str] = []
    with progress.listening(lambda step: details.append(f"{step.step}: {step.detail}")):
        yield details


def test_a_minute_in_all_by_default() -> None:
    assert ConnectionSettings("localhost").connect_seconds == 60


async def test_tried_again_and_told_until_the_time_is_up(
    nothing_there: ConnectionSettings, told: list[str]
) -> None:
    started = time.monotonic()
    with pytest.raises(WarehouseUnreachable, match=r"within 3 s.*connection refused.*not paused") as caught:
        await connect(nothing_there)
    assert 2 < time.monotonic() - started < 4
    assert caught.value.warehouse == nothing_there.display  # type: ignore[attr-defined]
    assert 1 < len(told) < 6, told  # tried again, but not in a busy loop
    assert all(one.startswith("connect.waiting: ") and "nothing listens there" in one for one in told)


async def test_a_name_with_several_addresses(
    nothing_there: ConnectionSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [("127.0.0.1", nothing_there.port), ("127.0.0.2", nothing_there.port)]
    found = [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place) for place in places]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(WarehouseUnreachable, match="nothing listens there"):
        await connect(replace(nothing_there, host="localhost", connect_seconds=0.1))


async def test_a_missing_socket(tmp_path: Path) -> None:
    with pytest.raises(WarehouseUnreachable, match="nothing listens there"):
        await connect(ConnectionSettings(str(tmp_path), connect_seconds=0.1))


async def test_a_name_that_does_not_resolve() -> None:
    with pytest.raises(WarehouseUnreachable, match="cannot be resolved"):
        await connect(ConnectionSettings("db.invalid", sslmode="require", connect_seconds=0.1))


async def test_a_server_that_says_nothing(told: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(WarehouseUnreachable, match="no answer in time"):
            await connect(ConnectionSettings("127.0.0.1", silent.getsockname()[1], connect_seconds=3.5))
        assert time.monotonic() - started < 4.5
    assert "has not answered yet" in told[0]


async def test_a_cancelled_wait_ends_at_once(nothing_there: ConnectionSettings) -> None:
    waiting = asyncio.create_task(connect(replace(nothing_there, connect_seconds=60)))
    await asyncio.sleep(0.1)
    started = time.monotonic()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert time.monotonic() - started < 1
