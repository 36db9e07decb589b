"""The protocol under every connection: asyncpg's, with the guard of passwords, and counted.

asyncpg's protocol is Python's to subclass. It writes to the transport that it is told of, so that a transport of ours
in between sees every byte before TLS encrypts it.
"""

from __future__ import annotations

import asyncio
import ssl
from asyncio import Future
from collections.abc import Sequence
from typing import Any

import asyncpg
import asyncpg.protocol

from tasks.postgres.clear_text import GuardedProtocol
from tasks.postgres.traffic import ConnectionTraffic, count_connection


class _CountedTransport:
    """A connection's transport, which tells its traffic what is written."""

    def __init__(self, transport: asyncio.Transport, traffic: ConnectionTraffic) -> None:
        self._transport = transport
        self._traffic = traffic

    def write(self, data: memoryview) -> None:
        # Before it is written: the answer may be under way when write returns.
        self._traffic.on_sent(data[0], len(data))
        self._transport.write(data)

    def writelines(self, parts: Sequence[memoryview]) -> None:
        for part in parts:
            self.write(part)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class CountedProtocol(GuardedProtocol):
    """The guarded protocol, whose traffic is counted.

    Attributes:
        traffic: The connection's traffic.
    """

    def __init__(self, address: Any, connected: Future[Any], *arguments: Any) -> None:
        super().__init__(address, connected, *arguments)
        self.traffic = count_connection()

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin the login; asyncio calls this."""
        self.traffic.begin(transport)
        super().connection_made(_CountedTransport(transport, self.traffic))

    def data_received(self, data: bytes) -> None:
        """Hand on what the server sent; asyncio calls this."""
        self.traffic.on_received(data)
        super().data_received(data)


def install() -> None:
    """Have asyncpg build our protocol, which is its own for everybody who asks for neither guard nor count."""
    asyncpg.protocol.Protocol = CountedProtocol


def ensure_installed(connection: asyncpg.Connection) -> None:
    """Fail if asyncpg has built another protocol: a release of it that we do not know."""
    if not isinstance(connection._protocol, CountedProtocol):
        raise RuntimeError("asyncpg did not build our protocol; see tasks/postgres/protocol.py")


def traffic_of(connection: asyncpg.Connection) -> ConnectionTraffic:
    """The traffic of a connection that ``connect`` opened."""
    traffic: ConnectionTraffic = connection._protocol.traffic
    return traffic


install()


def tls_of(connection: asyncpg.Connection) -> ssl.SSLObject | None:
    """Return the TLS session of a connection, None without TLS."""
    session: ssl.SSLObject | None = connection._transport.get_extra_info("ssl_object")  # no public name
    return session
