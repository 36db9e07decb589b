"""A server on TCP that asks for passwords and has few connections, for all tests of the doctor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tasks.warehouse.embedded import EmbeddedServer
from tests.tasks.warehouse.servers import TcpServer, tcp_server


@pytest.fixture(scope="session")
def cluster(server: EmbeddedServer) -> Iterator[TcpServer]:
    with tcp_server(server.psql().parent, max_connections="12") as one:
        yield one
