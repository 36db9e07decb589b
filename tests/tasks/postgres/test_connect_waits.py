"""What can pass while one waits is waited for: a server that starts up, connections that are all taken."""

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
    with tcp_server(server.psql().parent, **limits) as one:
        yield one


async def test_a_server_that_comes_up_meanwhile(small: TcpServer) -> None:
    small.stop()
    starting = threading.Timer(0.5, small.start)
    starting.start()
    async with connected(small.settings()) as connection:
        assert await connection.fetchval("select 1") == 1
    starting.join()


async def test_connections_that_are_all_taken(small: TcpServer) -> None:
    taken = [await connect(small.settings()) for _ in range(3)]
    with pytest.raises(WarehouseUnreachable, match="All connections are in use"):
        await connect(small.settings(connect_seconds=0.5))

    told = asyncio.Event()
    with progress.listening(lambda _: told.set()):
        waiting = asyncio.create_task(connect(small.settings()))
        await told.wait()
        for one in taken:
            await one.close()
        last = await waiting
    assert await last.fetchval("select 1") == 1
    await last.close()
