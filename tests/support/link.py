"""A link in front of the test server that counts connections, turns and bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.link import Link
from tasks.postgres.connect import ConnectionSettings


@contextmanager
def counting_link(
    server: ConnectionSettings, go_ahead_seconds: float = 10.0, delay: float = 0.0
) -> Iterator[tuple[Link, ConnectionSettings]]:
    """Yield a link that counts by the messages, and settings that reach ``server`` through it.

    Args:
        server: Settings of a server behind a Unix socket, which takes anyone: no TLS, no password.
        go_ahead_seconds: How late the data of a COPY may come: long, since a busy machine may make them late.
        delay: Seconds each way.
    """
    socket = Path(server.host) / f".s.PGSQL.{server.port}"
    with Link(socket, delay=delay, reads_messages=True, go_ahead_seconds=go_ahead_seconds) as link:
        yield link, replace(server, host=link.host, port=link.port, sslmode="disable")


@contextmanager
def slow_link(server: ConnectionSettings, rate: float) -> Iterator[ConnectionSettings]:
    """Yield settings that reach ``server`` over a line of ``rate`` bytes a second; see ``counting_link``."""
    with Link(Path(server.host) / f".s.PGSQL.{server.port}", rate=rate) as link:
        yield replace(server, host=link.host, port=link.port, sslmode="disable")
