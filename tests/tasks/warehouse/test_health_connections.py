"""Health of a server with passwords and few connections: limits, wrong passwords, tries that fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack

import asyncpg
import pytest
from pydantic import SecretStr

from tasks.errors import RetailError, WrongPassword
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.health.connection_time import measure_connections
from tasks.warehouse.health.examine import examine_health
from tasks.warehouse.health.finding import HealthFinding, HealthStatus
from tests.support.servers import TcpServer, tcp_server


@pytest.fixture(scope="module")
def cluster(server: EmbeddedServer) -> Iterator[TcpServer]:
    with tcp_server(server.psql().parent, max_connections="12") as running:
        yield running


async def _connections(settings: ConnectionSettings) -> HealthFinding:
    findings = await examine_health(settings, tries=1)
    return next(finding for finding in findings if finding.name == "connections")


async def test_connection_limit(cluster: TcpServer) -> None:
    cluster.sql("alter role retail connection limit 4")
    try:
        async with connected(cluster.settings()), connected(cluster.settings()):
            finding = await _connections(cluster.settings())
    finally:
        cluster.sql("alter role retail connection limit -1")
    assert (finding.status, finding.value) == (HealthStatus.OK, 75.0)
    assert finding.what == "3 of 4 in use, limited by the role retail"
    async with AsyncExitStack() as held:
        for _ in range(7):
            await held.enter_async_context(connected(cluster.settings()))
        finding = await _connections(cluster.settings())
    assert (finding.status, finding.value) == (HealthStatus.WARNING, pytest.approx(88.9))


async def test_wrong_password_is_tried_once(cluster: TcpServer) -> None:
    wrong = cluster.settings(password=SecretStr("wrong"))
    before = cluster.log().count("password authentication failed for user")
    with pytest.raises(WrongPassword):
        await examine_health(wrong)
    assert cluster.log().count("password authentication failed for user") == before + 1


async def test_a_later_try_fails(cluster: TcpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = cluster.settings(connect_seconds=1)
    held: list[asyncpg.Connection] = []

    async def take_the_last(_: asyncpg.Connection) -> None:
        cluster.sql("alter role retail connection limit 1")
        held.append(_)

    monkeypatch.setattr("tasks.warehouse.health.connection_time.close", take_the_last)
    try:
        times = await measure_connections(settings, 3)
    finally:
        cluster.sql("alter role retail connection limit -1")
        for connection in held:
            await connection.close()
    assert len(times.milliseconds) == 1
    assert isinstance(times.error, RetailError)
