"""Connections to an unreachable server are retried with backoff, with progress messages, until a deadline."""

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
def closed_port() -> ConnectionSettings:
    return ConnectionSettings("127.0.0.1", free_port(), connect_seconds=3)


@pytest.fixture
def messages() -> Iterator[list[str]]:
    """Progress messages during the test."""
    details: list[str] = []
    with progress.listening(lambda event: details.append(f"{event.step}: {event.detail}")):
        yield details


def test_connect_seconds_default_to_a_minute() -> None:
    assert ConnectionSettings("localhost").connect_seconds == 60


async def test_retries_are_reported_until_the_deadline(
    closed_port: ConnectionSettings, messages: list[str]
) -> None:
    started = time.monotonic()
    with pytest.raises(WarehouseUnreachable, match=r"within 3 s.*connection refused.*not paused") as caught:
        await connect(closed_port)
    assert 2 < time.monotonic() - started < 4
    assert caught.value.warehouse == closed_port.display  # type: ignore[attr-defined]
    assert 1 < len(messages) < 6, messages  # retries, but not in a busy loop
    assert all(
        message.startswith("connect.waiting: ") and "nothing listens there" in message for message in messages
    )


async def test_a_host_name_with_several_addresses(
    closed_port: ConnectionSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = [("127.0.0.1", closed_port.port), ("127.0.0.2", closed_port.port)]
    answers = [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(WarehouseUnreachable, match="nothing listens there"):
        await connect(replace(closed_port, host="localhost", connect_seconds=1))


async def test_a_missing_socket(tmp_path: Path) -> None:
    with pytest.raises(WarehouseUnreachable, match="nothing listens there"):
        await connect(ConnectionSettings(str(tmp_path), connect_seconds=0.1))


async def test_an_unresolvable_host_name() -> None:
    with pytest.raises(WarehouseUnreachable, match="cannot be resolved"):
        await connect(ConnectionSettings("db.invalid", sslmode="require", connect_seconds=0.1))


async def test_a_silent_server(messages: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(WarehouseUnreachable, match="no answer in time"):
            await connect(ConnectionSettings("127.0.0.1", silent.getsockname()[1], connect_seconds=3.5))
        assert time.monotonic() - started < 4.5
    assert "has not answered yet" in messages[0]


async def test_a_cancelled_wait_ends_at_once(closed_port: ConnectionSettings) -> None:
    waiting = asyncio.create_task(connect(replace(closed_port, connect_seconds=60)))
    await asyncio.sleep(0.1)
    started = time.monotonic()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert time.monotonic() - started < 1
