"""A real pooler in front of the server: loads work in session mode, and transaction mode gives a clear error."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tasks import progress
from tasks.errors import WarehouseBusy, WarehouseError, WrongPassword
from tasks.postgres.connect import ConnectionSettings, connect, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.postgres.pool import QueryPool
from tasks.warehouse.migrate import migrate
from tests.support.plain_run import run, state
from tests.support.poolers import pgbouncer
from tests.support.servers import TcpServer, tcp_server


@pytest.fixture(scope="module")
def backend(server: EmbeddedServer) -> Iterator[TcpServer]:
    with tcp_server(server.psql().parent) as tcp:
        yield tcp


@pytest.fixture(scope="module")
def session(backend: TcpServer) -> Iterator[ConnectionSettings]:
    with pgbouncer(backend, "session") as port:
        yield replace(backend.settings(), port=port)


@pytest.fixture
def steps() -> Iterator[list[str]]:
    """Steps that the progress reports during the test."""
    reported: list[str] = []
    with progress.listening(lambda event: reported.append(event.step)):
        yield reported


async def test_a_load_through_session_mode_equals_a_direct_one(
    session: ConnectionSettings, warehouse: ConnectionSettings, days: Path, tmp_path: Path
) -> None:
    sources = sorted(days.iterdir())[:2]
    await migrate(session)
    await run(session, tmp_path / "pooled", sources)
    await run(warehouse, tmp_path / "direct", sources)
    assert await state(session) == await state(warehouse)


async def test_session_mode_keeps_timeouts(session: ConnectionSettings) -> None:
    async with connected(replace(session, statement_timeout=77, lock_timeout=7)) as connection:
        assert await connection.fetchval("show statement_timeout") == "77s"
        assert await connection.fetchval("show lock_timeout") == "7s"


async def test_the_pool_stays_below_the_pooler_limit(session: ConnectionSettings) -> None:
    sizes = replace(session, pool_size=5, max_overflow=5)
    async with QueryPool(sizes) as pool:
        query = "select pg_backend_pid() as pid, pg_sleep(0.2)"
        rows = await asyncio.gather(*(pool.fetch(query) for _ in range(25)))
    assert len({row[0]["pid"] for row in rows}) == 10


@pytest.mark.parametrize(
    ("wrong", "error"),
    [({"password": SecretStr("wrong")}, WrongPassword), ({"user": "nobody"}, WrongPassword)],
)
async def test_a_login_that_the_pooler_rejects_is_tried_once(
    session: ConnectionSettings, steps: list[str], wrong: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await connect(replace(session, **wrong))
    assert steps == []


async def test_connections_above_the_limit_time_out(backend: TcpServer) -> None:
    with pgbouncer(backend, "session", clients=2) as port:
        settings = replace(backend.settings(), port=port, pool_size=2, max_overflow=0, connect_seconds=1)
        held = [await connect(settings) for _ in range(2)]
        with pytest.raises(WarehouseBusy, match="all 2 connections of this process"):
            await connect(settings)
        for connection in held:
            await connection.close()


async def test_transaction_mode_on_another_port_is_named_in_the_error(backend: TcpServer) -> None:
    with pgbouncer(backend, "transaction") as port:
        settings = replace(backend.settings(), port=port)
        other = await connect(settings)

        async def use_two_servers() -> None:
            async with connected(settings) as connection:
                await connection.fetchval("select 1")
                async with other.transaction():
                    await other.execute("select 2")
                    await connection.fetchval("select 1")

        with pytest.raises(WarehouseError, match=r"transaction-mode pooler.*port 5432"):
            await use_two_servers()
        await other.close()
