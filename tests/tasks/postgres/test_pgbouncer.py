"""A real pooler between us and the server: session mode carries loads, transaction mode is refused for them."""

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
def behind(server: EmbeddedServer) -> Iterator[TcpServer]:
    with tcp_server(server.psql().parent) as one:
        yield one


@pytest.fixture(scope="module")
def session(behind: TcpServer) -> Iterator[ConnectionSettings]:
    with pgbouncer(behind, "session") as port:
        yield replace(behind.settings(), port=port)


@pytest.fixture
def told() -> Iterator[list[str]]:
    """What is said while a connection is waited for."""
    said: list[str] = []
    with progress.listening(lambda one: said.append(one.step)):
        yield said


async def test_session_mode_carries_a_load_like_a_direct_connection(
    session: ConnectionSettings, warehouse: ConnectionSettings, days: Path, tmp_path: Path
) -> None:
    sources = sorted(days.iterdir())[:2]
    await migrate(session)
    await run(session, tmp_path / "pooled", sources)
    await run(warehouse, tmp_path / "direct", sources)
    assert await state(session) == await state(warehouse)


async def test_our_time_limits_hold_in_session_mode(session: ConnectionSettings) -> None:
    async with connected(replace(session, statement_timeout=77, lock_timeout=7)) as connection:
        assert await connection.fetchval("show statement_timeout") == "77s"
        assert await connection.fetchval("show lock_timeout") == "7s"


async def test_the_pool_stays_below_what_the_pooler_lets_in(session: ConnectionSettings) -> None:
    sizes = replace(session, pool_size=5, max_overflow=5)
    async with QueryPool(sizes) as pool:
        asked = "select pg_backend_pid() as pid, pg_sleep(0.2)"
        rows = await asyncio.gather(*(pool.fetch(asked) for _ in range(25)))
    assert len({row[0]["pid"] for row in rows}) == 10


@pytest.mark.parametrize(
    ("wrong", "error"),
    [({"password": SecretStr("wrong")}, WrongPassword), ({"user": "nobody"}, WrongPassword)],
)
async def test_a_login_that_the_pooler_refuses_is_tried_once(
    session: ConnectionSettings, told: list[str], wrong: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await connect(replace(session, **wrong))
    assert told == []


async def test_more_than_the_pooler_lets_in_wait_and_are_told(behind: TcpServer) -> None:
    with pgbouncer(behind, "session", clients=2) as port:
        settings = replace(behind.settings(), port=port, pool_size=2, max_overflow=0, connect_seconds=1)
        held = [await connect(settings) for _ in range(2)]
        with pytest.raises(WarehouseBusy, match="all 2 connections of this process"):
            await connect(settings)
        for connection in held:
            await connection.close()


async def test_transaction_mode_on_another_port_is_named_once_it_breaks_a_session(behind: TcpServer) -> None:
    with pgbouncer(behind, "transaction") as port:
        settings = replace(behind.settings(), port=port)
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
