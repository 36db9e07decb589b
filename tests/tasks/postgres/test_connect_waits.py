"""Transient errors are waited out: a starting server, and a server without free connections."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from tasks import progress
from tasks.errors import WarehouseUnreachable
from tasks.postgres.connect import connect, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tests.support.servers import TcpServer, tcp_server


@pytest.fixture
def small(server: EmbeddedServer) -> Iterator[TcpServer]:
    limits = {"max_connections": "4", "superuser_reserved_connections": "1", "reserved_connections": "0"}
    with tcp_server(server.psql().parent, **limits) as limited:
        yield limited


async def test_waits_for_a_starting_server(small: TcpServer) -> None:
    small.stop()
    starting = threading.Timer(0.5, small.start)
    starting.start()
    async with connected(small.settings()) as connection:
        assert await connection.fetchval("select 1") == 1
    starting.join()


async def test_waits_for_a_free_connection(small: TcpServer) -> None:
    taken = [await connect(small.settings()) for _ in range(3)]
    with pytest.raises(WarehouseUnreachable, match="All connections are in use"):
        await connect(small.settings(connect_seconds=0.5))

    reported = asyncio.Event()
    with progress.listening(lambda _: reported.set()):
        waiting = asyncio.create_task(connect(small.settings()))
        await reported.wait()
        for connection in taken:
            await connection.close()
        last = await waiting
    assert await last.fetchval("select 1") == 1
    await last.close()
