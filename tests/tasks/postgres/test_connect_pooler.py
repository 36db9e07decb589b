"""Poolers: loads reject transaction mode, and session mode gives the same sessions as a direct connection."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

from tasks.errors import SettingsError
from tasks.postgres.connect import ConnectionSettings, check_for_loads, connected, from_url
from tasks.postgres.embedded.server import EmbeddedServer

POOLED = "postgresql://postgres.ref@aws-0-eu.pooler.supabase.com"
# Settings that Supavisor passes on from a start-up message; PgBouncer rejects most others.
PASSED_ON = (b"user", b"database", b"application_name")


def test_transaction_mode_is_rejected_with_the_port_to_use() -> None:
    with pytest.raises(SettingsError, match=r"transaction-mode pooler.*port 5432"):
        check_for_loads(from_url(f"{POOLED}:6543/postgres"))


def test_session_mode_and_sockets_are_accepted() -> None:
    check_for_loads(from_url(f"{POOLED}:5432/postgres"))
    check_for_loads(from_url("postgresql:///sales?host=/var/run&port=6543"))


async def test_session_mode_sets_timeouts_and_time_zone(server: EmbeddedServer) -> None:
    async with session_pooler(server.socket_dir) as port:
        pooled = ConnectionSettings(
            "127.0.0.1", port, "retail", "retail", sslmode="disable", statement_timeout=77, lock_timeout=7
        )
        async with connected(pooled) as connection:
            values = [
                await connection.fetchval(f"show {name}")
                for name in ("statement_timeout", "lock_timeout", "timezone", "application_name")
            ]
    assert values == ["77s", "7s", "UTC", "prefect-retail"]


async def test_connect_retries_while_the_session_pool_is_full(server: EmbeddedServer) -> None:
    async with session_pooler(server.socket_dir, rejected_clients=2) as port:
        pooled = ConnectionSettings("127.0.0.1", port, "retail", "retail", sslmode="disable")
        async with connected(pooled) as connection:
            assert await connection.fetchval("select 1") == 1


@asynccontextmanager
async def session_pooler(socket_dir: Path, rejected_clients: int = 0) -> AsyncIterator[int]:
    """Run a session-mode pooler: a server connection for each client, without the start-up settings.

    The first clients get the answer of a Supavisor whose pool is full.
    """
    full = b"SFATAL\0CXX000\0M(EMAXCLIENTSESSION) max clients reached in session mode\0\0"
    clients = count(1)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if next(clients) <= rejected_clients:
            writer.write(b"E" + struct.pack("!i", 4 + len(full)) + full)
            writer.close()
            return
        up_reader, up_writer = await asyncio.open_unix_connection(str(socket_dir / ".s.PGSQL.5432"))
        (length,) = struct.unpack("!i", await reader.readexactly(4))
        body = await reader.readexactly(length - 4)
        words = body[4:].split(b"\0")
        settings = b"".join(
            name + b"\0" + value + b"\0"
            for name, value in zip(words[::2], words[1::2], strict=False)
            if name in PASSED_ON
        )
        up_writer.write(struct.pack("!i", 4 + 4 + len(settings) + 1) + body[:4] + settings + b"\0")
        await asyncio.gather(_copy(reader, up_writer), _copy(up_reader, writer))

    pooler = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with pooler:
        yield pooler.sockets[0].getsockname()[1]


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
