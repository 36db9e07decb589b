"""A proxy on a Unix socket that cuts the connection at a chosen point between client and server."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tasks.postgres.connect import ConnectionSettings
from tests.conftest import open_folder
from tests.support.soak import count

_SOCKET = ".s.PGSQL.5432"
# The end of a transaction of the driver, and of a script.
_COMMITS = (b"COMMIT;\0", b";\ncommit\0")


@dataclass
class Cut:
    """Where to cut. ``done`` is set afterwards; later connections are not cut.

    ``after_bytes`` and ``after_bytes_received`` count what all connections sent to and received from the server;
    ``sent`` and ``received`` are these counts. The bytes before the cut arrive, so a message can arrive in part.
    With ``keeps_open`` the client gets everything the server sends, but not the end of the connection.
    """

    before_commit: bool = False
    after_commit: bool = False
    after_bytes: int | None = None
    after_bytes_received: int | None = None
    keeps_open: bool = False
    done: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0
    received: int = 0


class _Pair:
    """A client's connection and the matching connection to the server."""

    def __init__(self, cut: Cut, close: Callable[[], None]) -> None:
        self._cut = cut
        self._close = close
        self._answer_is_lost = False

    async def to_server(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if not self._cut.done.is_set():
                self._cut.sent += len(data)
                if (excess := _excess(self._cut.sent, self._cut.after_bytes)) > 0:
                    self._finish(writer, data[:-excess])
                    return
                is_commit = any(commit in data for commit in _COMMITS)
                if self._cut.before_commit and is_commit:
                    self._finish(writer)
                    return
                self._answer_is_lost = self._cut.after_commit and is_commit
            writer.write(data)
            await writer.drain()
        writer.close()

    async def to_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if self._answer_is_lost and b"COMMIT\0" in data:  # not an error that came before it
                self._finish(writer)
                return
            if not self._cut.done.is_set():
                self._cut.received += len(data)
                if (excess := _excess(self._cut.received, self._cut.after_bytes_received)) > 0:
                    self._finish(writer, data[:-excess])
                    return
            writer.write(data)
            await writer.drain()
        if not self._cut.keeps_open:
            writer.close()

    def _finish(self, writer: asyncio.StreamWriter, last: bytes = b"") -> None:
        self._cut.done.set()
        count("cuts")
        writer.write(last)  # the socket takes it at once if its buffer has room
        self._close()


def _excess(passed: int, limit: int | None) -> int:
    return 0 if limit is None else passed - limit


@asynccontextmanager
async def cutting(server: ConnectionSettings, cut: Cut) -> AsyncIterator[ConnectionSettings]:
    """Yield settings that reach ``server`` through a proxy that cuts once."""
    folder = open_folder("cut-")
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, downstream = await asyncio.open_unix_connection(Path(server.host) / _SOCKET)

        def close() -> None:
            writer.transport.abort()
            downstream.transport.abort()

        pair = _Pair(cut, close)
        for pump in (pair.to_server(reader, downstream), pair.to_client(upstream, writer)):
            tasks.add(asyncio.create_task(_quietly(pump)))

    listener = await asyncio.start_unix_server(serve, folder / _SOCKET)
    try:
        yield replace(server, host=str(folder))
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        shutil.rmtree(folder, ignore_errors=True)


async def _quietly(pump: Coroutine[None, None, None]) -> None:
    with contextlib.suppress(ConnectionError):
        await pump
