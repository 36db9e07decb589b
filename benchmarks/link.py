"""A link to a server, as a user's line is: a delay each way, and one rate for all connections together.

A proxy on loopback TCP with a thread and an event loop of its own. Bytes are paced where they enter the line, one
budget for each direction, and arrive once the last of them has entered and the delay is over. The line holds little
more than what fits on it: a receiver that does not read stalls its sender, and nothing is caught up later (a proxy that
paces where bytes leave delivers at once all that piled up). Opening a connection costs a round trip, as on a real line.
Loss and TCP's slow start are left out; they would make a real line slower.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from benchmarks.turns import GO_AHEAD_SECONDS, MessageTurns, SegmentTurns, TurnCounter

_CHUNK = 65_536
_SOCKET_BUFFER = 65_536
# Bytes may be read this much before they enter the line, so that a late wake-up leaves no gap on it.
_AHEAD_SECONDS = 0.01
_UNLIMITED_BYTES = 1_048_576
_BACKLOG = 128
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Counts:
    """What went over a link.

    Attributes:
        connections: Number of connections.
        turns: How often a client sent something and waited for the answer (see ``benchmarks.turns``).
        login_turns: Those of them before a connection's first query; zero where the messages are not read.
        sent: Bytes from the clients to the server.
        received: Bytes from the server to the clients.
    """

    connections: int = 0
    turns: int = 0
    login_turns: int = 0
    sent: int = 0
    received: int = 0

    def __sub__(self, earlier: Counts) -> Counts:
        """What was added since ``earlier``."""
        return Counts(*(getattr(self, field.name) - getattr(earlier, field.name) for field in fields(Counts)))


class _Line:
    """One direction of the line, shared by all connections."""

    def __init__(self, rate: float | None, delay: float) -> None:
        self._rate = rate
        self._delay = delay
        self._is_free_at = 0.0
        # What is on its way at full rate, and one read more.
        self.capacity = _CHUNK + (rate * (delay + _AHEAD_SECONDS) if rate else _UNLIMITED_BYTES)

    def enter(self, size: int, now: float) -> tuple[float, float]:
        """Put bytes on the line; return when the last of them has entered, and when it arrives."""
        self._is_free_at = max(self._is_free_at, now) + (size / self._rate if self._rate else 0.0)
        return self._is_free_at, self._is_free_at + self._delay


class _Direction:
    """One direction of one connection: reads from ``source``, and writes to ``target`` what has arrived."""

    def __init__(self, line: _Line, source: socket.socket, target: socket.socket) -> None:
        self._line = line
        self._source = source
        self._target = target
        self._under_way = 0
        self._arrivals: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self._has_room = asyncio.Event()
        self._has_room.set()

    async def take(self, note: Callable[[bytes, bool], None]) -> None:
        """Read and pace until the source ends; ``note`` gets the bytes, and whether earlier ones are under way."""
        loop = asyncio.get_running_loop()
        while True:
            await self._has_room.wait()
            data = await loop.sock_recv(self._source, _CHUNK)
            now = loop.time()
            entered, arrives = self._line.enter(len(data), now)
            if data:
                note(data, self._under_way > 0)
            self._under_way += len(data)
            if self._under_way >= self._line.capacity:
                self._has_room.clear()
            self._arrivals.put_nowait((arrives, data))
            if not data:
                return
            if entered - _AHEAD_SECONDS > now:
                await asyncio.sleep(entered - _AHEAD_SECONDS - now)

    async def deliver(self, before: Callable[[bytes], Coroutine[None, None, None]] | None = None) -> None:
        """Write what arrives, each time after ``before``, and pass the end on."""
        loop = asyncio.get_running_loop()
        while True:
            arrives, data = await self._arrivals.get()
            if (wait := arrives - loop.time()) > 0:
                await asyncio.sleep(wait)
            if not data:
                self._target.shutdown(socket.SHUT_WR)
                return
            if before is not None:
                await before(data)
            await loop.sock_sendall(self._target, data)
            self._under_way -= len(data)
            self._has_room.set()


class Link:
    """A context manager: clients connect to ``host`` and ``port`` and reach the server over the line."""

    host = "127.0.0.1"

    def __init__(
        self,
        server: Path | tuple[str, int],
        *,
        delay: float = 0.0,
        rate: float | None = None,
        reads_messages: bool = False,
        go_ahead_seconds: float = GO_AHEAD_SECONDS,
    ) -> None:
        """Describe a link.

        Args:
            server: Path of a Unix socket, or host and port.
            delay: Seconds each way; a round trip takes twice as long.
            rate: Bytes per second in each direction for all connections together; None for no limit.
            reads_messages: Count turns by the messages: the same on every machine, but without TLS only, and a client
                that waits for the go-ahead of a COPY waits ``go_ahead_seconds`` longer.
            go_ahead_seconds: How late the data of a COPY may come from a client that does not wait for the go-ahead.
        """
        self._server = server
        self._delay = delay
        self._reads_messages = reads_messages
        self._go_ahead_seconds = go_ahead_seconds
        self._lines = _Line(rate, delay), _Line(rate, delay)
        self._counters: list[TurnCounter] = []
        self._sent = 0
        self._received = 0
        self._open = 0
        self._all_closed = asyncio.Event()
        self._all_closed.set()
        self._tasks: set[asyncio.Task[None]] = set()
        # select() waits for fractions of a millisecond; epoll rounds up to whole ones, which adds up over turns.
        self._loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
        self._thread = threading.Thread(target=self._loop.run_forever, name="link", daemon=True)
        self._listener = _small_buffers(socket.socket())
        self.port = 0

    def __enter__(self) -> Self:
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((self.host, 0))
        self._listener.listen(128)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._thread.start()
        self._run(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._listener.close()

    def counts(self, wait_seconds: float = 10.0) -> Counts:
        """Wait until every connection has ended, and return what went over the link until now.

        Raises:
            TimeoutError: a connection is still open after ``wait_seconds``.
        """
        return self._run(self._count(wait_seconds))

    def counts_now(self) -> Counts:
        """Return what went over the link until now, also over open connections."""
        return self._run(self._count(None))

    def _run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _start(self) -> None:
        self._keep(self._accept())

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _count(self, wait_seconds: float | None) -> Counts:
        if wait_seconds is not None:
            await asyncio.wait_for(self._all_closed.wait(), wait_seconds)
        return Counts(
            len(self._counters),
            sum(counter.turns for counter in self._counters),
            sum(counter.login_turns for counter in self._counters),
            self._sent,
            self._received,
        )

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self) -> None:
        while True:
            client, _ = await self._loop.sock_accept(self._listener)
            self._open += 1
            self._all_closed.clear()
            self._keep(self._serve(client))

    async def _serve(self, client: socket.socket) -> None:
        counter = MessageTurns(self._go_ahead_seconds) if self._reads_messages else SegmentTurns()
        self._counters.append(counter)
        address = str(self._server) if isinstance(self._server, Path) else self._server
        family = socket.AF_UNIX if isinstance(self._server, Path) else socket.AF_INET
        server = _small_buffers(socket.socket(family))

        def note_sent(data: bytes, is_under_way: bool) -> None:
            self._sent += len(data)
            counter.on_sent(data, is_under_way=is_under_way)

        def note_received(data: bytes, is_under_way: bool) -> None:
            self._received += len(data)

        try:
            with client, server, suppress(OSError):
                for end in (client, server):
                    end.setblocking(False)
                    if end.family != socket.AF_UNIX:
                        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await asyncio.sleep(2 * self._delay)
                await self._loop.sock_connect(server, address)
                up, down = (
                    _Direction(self._lines[0], client, server),
                    _Direction(self._lines[1], server, client),
                )
                await _together(
                    up.take(note_sent),
                    up.deliver(),
                    down.take(note_received),
                    down.deliver(counter.before_answer),
                )
        finally:
            self._open -= 1
            if not self._open:
                self._all_closed.set()


async def _together(*work: Coroutine[None, None, None]) -> None:
    """Run all of them until they end or one raises, and then cancel the others.

    Raises:
        OSError: of the first that raises: one end of the connection is gone.
    """
    tasks = [asyncio.create_task(part) for part in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _small_buffers(end: socket.socket) -> socket.socket:
    """Keep the kernel from holding megabytes of what a receiver does not read."""
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        end.setsockopt(socket.SOL_SOCKET, option, _SOCKET_BUFFER)
    return end
