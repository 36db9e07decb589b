"""A TCP server with passwords and few connections, shared by the tests of the doctor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tasks.postgres.embedded.server import EmbeddedServer
from tests.support.servers import TcpServer, tcp_server


@pytest.fixture(scope="session")
def cluster(server: EmbeddedServer) -> Iterator[TcpServer]:
    with tcp_server(server.psql().parent, max_connections="12") as running:
        yield running
