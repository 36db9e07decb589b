"""The API under many clients, with the database restarted in the middle."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import psutil
import pytest

from tasks.postgres.supabase import pool_size_and_overflow
from tasks.warehouse.migrate import migrate
from tests.api.conftest import environment_of
from tests.support.api_server import ApiServer, basic, serving
from tests.support.servers import TcpServer, debian_binaries, tcp_server

_CLIENTS = 50
_SECONDS = 60.0
_RESTART_AFTER, _DOWN_SECONDS = 20.0, 3.0
# The server is up again, and no request fails any more, within this time.
_RECOVERY_SECONDS = 10.0
_TRUST = "local all all trust\nhost all all all trust\n"
_PATHS = (
    "/api/v1/supabase/health",
    "/api/v1/supabase/statistics",
    "/api/v1/supabase/connection",
    "/api/v1/quality",
    "/api/v1/sales?page_size=10",
    "/api/v1/deliveries",
    "/metrics",
)


@dataclass(repr=False)
class Load:
    """What the clients saw: answers by status, and when each other than 200 came."""

    statuses: Counter[int] = field(default_factory=Counter)
    failed_at: list[float] = field(default_factory=list)
    last_failure: str = ""
    faults: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"{dict(self.statuses)}, last failure: {self.last_failure}"

    def note(self, answer: httpx.Response) -> None:
        self.statuses[answer.status_code] += 1
        if answer.status_code == 200:
            return
        self.failed_at.append(time.monotonic())
        self.last_failure = answer.text
        if answer.status_code != 503 or not answer.headers.get("retry-after", "").isdecimal():
            self.faults.append(f"{answer.request.url} {answer.status_code} {answer.text[:300]}")


@pytest.fixture(scope="module")
def database() -> Iterator[TcpServer]:
    """A server of this test's own, with the schema."""
    with tcp_server(debian_binaries(), _TRUST) as server:
        asyncio.run(migrate(server.settings()))
        yield server


@pytest.fixture
def api(database: TcpServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with (
        environment_of(database.settings(), tmp_path_factory.mktemp("data")),
        serving() as running,
    ):
        yield running


def _sessions(database: TcpServer) -> int:
    return int(
        database.sql(
            "select count(*) from pg_stat_activity where usename = 'retail' and application_name <> 'psql'"
        )
    )


def _sockets(database: TcpServer) -> int:
    """The sockets of this process, in which the API is, to the database."""
    return sum(
        bool(connection.raddr) and connection.raddr.port == database.port
        for connection in psutil.Process(os.getpid()).net_connections("tcp")
    )


async def _client(api: ApiServer, number: int, end: float, load: Load) -> None:
    async with httpx.AsyncClient(base_url=api.url, auth=basic("victor"), timeout=60) as client:
        turn = number
        while time.monotonic() < end:
            load.note(await client.get(_PATHS[turn % len(_PATHS)]))
            turn += 1
            await asyncio.sleep(0.2)


async def _restart(database: TcpServer) -> tuple[float, float]:
    """Stop the server as an operator would, with the sessions cut, and start it again; return both times."""
    await asyncio.sleep(_RESTART_AFTER)
    stopped_at = time.monotonic()
    await asyncio.to_thread(database.stop)
    await asyncio.sleep(_DOWN_SECONDS)
    await asyncio.to_thread(database.start)
    return stopped_at, time.monotonic()


@pytest.mark.slow
async def test_a_restart_of_the_database_under_load(api: ApiServer, database: TcpServer) -> None:
    load = Load()
    end = time.monotonic() + _SECONDS
    (stopped_at, started_at), *_ = await asyncio.gather(
        _restart(database), *(_client(api, number, end, load) for number in range(_CLIENTS))
    )
    assert load.faults == []
    assert load.statuses[200] > 10 * _CLIENTS, load
    assert load.statuses[503] > 0, "the restart was not noticed"
    assert min(load.failed_at) >= stopped_at, "a request failed before the restart"
    assert max(load.failed_at) < started_at + _RECOVERY_SECONDS
    await asyncio.sleep(1)
    size, _ = pool_size_and_overflow(database.settings())
    assert _sessions(database) <= size
    assert _sockets(database) <= size
    connection = api.viewer.get("/api/v1/supabase/connection").json()
    assert connection["pool"]["in_use"] <= 1
