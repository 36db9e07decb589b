"""What goes between a run and its warehouse, and how long the run waits for the line.

A *turn* is the client sending something and waiting for the answer. It is counted when the answer begins, so that a
farewell, which nobody answers, is none. A COPY into a table is one turn: its data follow the statement without waiting
for the server's go-ahead.

The round trip is the shortest time between a send and the first byte of its answer, over all turns that end with an
answer and nothing else. No single turn tells the line's time from the server's, but some turns (a begin, a set) cost
the server next to nothing, so that the shortest one is the line's, plus a fraction of a millisecond.
"""

from __future__ import annotations

import asyncio
import fcntl
import struct
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

_HEADER = struct.Struct("!ci")
_SHORTEST = 4  # the length counts itself
_COPY_DATA = ord("d")
_GO_AHEAD = b"G"  # CopyInResponse
_BEFORE_GO_AHEAD = frozenset({b"C", b"N", b"S"})  # CommandComplete, NoticeResponse, ParameterStatus
# A server may send these at any time, so that they can reach the client right after it has sent something.
_ASIDE = frozenset(b"NSA")  # NoticeResponse, ParameterStatus, NotificationResponse
_UNASKED = frozenset(b"E") | _ASIDE  # ErrorResponse
_READY = b"Z\x00\x00\x00\x05"
_READY_SIZE = 6
# The request for TLS and the handshake.
_TLS_TURNS = {"TLSv1.3": 2}
_TLS_TURNS_BEFORE_1_3 = 3
# Less than this is gone before a sample could see it.
_LARGE_BYTES = 65_536
_SAMPLE_SECONDS = 0.02


@dataclass(frozen=True)
class Network:
    """What went between a run and its warehouse.

    Attributes:
        round_trip_ms: Milliseconds to the server and back: the shortest time between a send and its answer.
        connections: Connections that reached the server. A request to cancel a statement is not counted.
        turns: How often the run sent something and waited for the answer, logins included. Under TLS the handshakes
            are counted by their version: the request and one turn for TLS 1.3, two for 1.2. A server that wants
            another curve than the client's first takes one more.
        bytes_sent: Bytes to the server, before encryption.
        bytes_received: Bytes from the server, after decryption.
        waiting_seconds: Seconds of waiting for the line: a round trip for each turn and for opening each connection,
            and ``sending_seconds``. Two connections that wait for answers at a time count twice.
        sending_seconds: Seconds in which a large send was not at the server yet. The cause can also be a server
            that reads more slowly than the line carries. On systems other than Linux, without what the kernel buffers.
    """

    round_trip_ms: float
    connections: int
    turns: int
    bytes_sent: int
    bytes_received: int
    waiting_seconds: float
    sending_seconds: float

    @property
    def summary(self) -> str:
        """The figures on one line."""
        sending = f", {_short(self.sending_seconds)} s of it to send" if self.sending_seconds >= 0.5 else ""
        return (
            f"round trip {milliseconds(self.round_trip_ms)}, {_count(self.turns, 'turn')} on "
            f"{_count(self.connections, 'connection')}, {size(self.bytes_sent)} sent, "
            f"about {_short(self.waiting_seconds)} s of waiting{sending}"
        )


def milliseconds(number: float) -> str:
    """A round trip as text, with a decimal below ten milliseconds."""
    return f"{_short(number)} ms"


def size(number: float) -> str:
    """Bytes as text, in kB or MB."""
    return f"{number / 1e3:.0f} kB" if number < 100_000 else f"{_short(number / 1e6)} MB"


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 9.95 else f"{number:.1f}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class ConnectionTraffic:
    """The traffic of one connection, told by its protocol (see ``tasks.postgres.protocol``), and its part in ``counting``.

    Attributes:
        turns: Turns, those of the TLS handshake included.
        bytes_sent: Bytes that the client has written.
        bytes_received: Bytes that the client has read.
        round_trip: Seconds to the server and back; None before the first answer.
    """

    def __init__(self, counting: Sequence[Traffic] = ()) -> None:
        self._counting = counting
        self.turns = 0
        self.bytes_sent = 0
        self.bytes_received = 0
        self.round_trip: float | None = None
        self._transport: Any = None
        self._is_waiting = False
        self._is_measured = False
        self._copies = False
        # Whether the answer before is complete: what is left of it would look like a quick answer.
        self._is_ready = True
        self._sent_at = 0.0
        self._bytes_of_turn = 0
        self._is_sampled = False

    def begin(self, transport: asyncio.Transport) -> None:
        """Note that the connection is open, with what its TLS handshake took."""
        self._transport = transport
        tls = transport.get_extra_info("ssl_object")
        if tls is not None:
            self.turns += _TLS_TURNS.get(tls.version(), _TLS_TURNS_BEFORE_1_3)

    def on_sent(self, kind: int, number: int) -> None:
        """Note that the client writes ``number`` bytes, the first of them ``kind``: the type of a message."""
        if not self._is_waiting:
            self._is_waiting = True
            self._is_measured = self._is_ready
            self._bytes_of_turn = 0
        self._copies = kind == _COPY_DATA
        self.bytes_sent += number
        self._bytes_of_turn += number
        self._sent_at = time.perf_counter()
        if self._bytes_of_turn > _LARGE_BYTES and not self._is_sampled:
            self._is_sampled = True
            self._sample_later(self._sent_at)

    def on_received(self, data: bytes) -> None:
        """Note what the client read."""
        self.bytes_received += len(data)
        if self._is_waiting and not (_ends_with_go_ahead(data) or (self._copies and data[0] in _ASIDE)):
            self._is_waiting = False
            self.turns += 1
            if self._is_measured and data[0] not in _UNASKED:
                seconds = time.perf_counter() - self._sent_at
                self.round_trip = min(seconds, self.round_trip or seconds)
        self._is_ready = data[-_READY_SIZE:-1] == _READY

    def bytes_unsent(self) -> int:
        """Bytes that were written, but have not reached the server's machine as far as this one knows."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return 0
        unsent: int = transport.get_write_buffer_size()
        end = transport.get_extra_info("socket")
        with suppress(OSError, ValueError):  # not known on this system, or just closed
            (queued,) = struct.unpack("i", fcntl.ioctl(end.fileno(), termios.TIOCOUTQ, bytes(4)))
            unsent += queued
        return unsent

    def bytes_arrived(self) -> int:
        """Bytes that have reached the server's machine as far as this one knows."""
        return self.bytes_sent - self.bytes_unsent()

    def _sample_later(self, since: float) -> None:
        asyncio.get_running_loop().call_later(_SAMPLE_SECONDS, self._sample, since)

    def _sample(self, since: float) -> None:
        if not self.bytes_unsent():
            self._is_sampled = False
            return
        now = time.perf_counter()
        for traffic in self._counting:
            traffic.add_sending(since, now)
        self._sample_later(now)


def _ends_with_go_ahead(data: bytes) -> bool:
    """Whether the server waits for the data of a COPY, which the client sends without having waited for that.

    Args:
        data: What one read gave. It may begin inside a message, so that its "headers" can be any bytes.
    """
    position = 0
    while len(data) >= position + _HEADER.size:
        kind, length = _HEADER.unpack_from(data, position)
        if length < _SHORTEST:
            return False
        if kind == _GO_AHEAD:  # behind it is the answer to the data, if a busy client reads both at once
            return len(data) <= position + 1 + int(length)
        if kind not in _BEFORE_GO_AHEAD:
            return False
        position += 1 + length
    return False


class Traffic:
    """The traffic of all connections that were opened in a block."""

    def __init__(self) -> None:
        self._connections: list[ConnectionTraffic] = []
        self._sending_seconds = 0.0
        self._sending_until = 0.0
        self._sends = 0

    def add(self, connection: ConnectionTraffic) -> None:
        """Count a connection that was just opened."""
        self._connections.append(connection)

    def add_sending(self, since: float, until: float) -> None:
        """Add a time in which a connection was sending; several that send at a time count once."""
        if since > self._sending_until:
            self._sends += 1
        self._sending_seconds += max(0.0, until - max(since, self._sending_until))
        self._sending_until = max(until, self._sending_until)

    def network(self) -> Network | None:
        """The figures until now; None before the first answer of a server."""
        connections = tuple(self._connections)
        round_trips = [part.round_trip for part in connections if part.round_trip is not None]
        if not round_trips:
            return None
        round_trip = min(round_trips)
        turns = sum(part.turns for part in connections)
        # The acknowledgement of a send's last bytes is on its way for as long as the answer, which is a turn already.
        sending = max(0.0, self._sending_seconds - self._sends * round_trip)
        return Network(
            round_trip_ms=round(round_trip * 1000, 2),
            connections=len(connections),
            turns=turns,
            bytes_sent=sum(part.bytes_sent for part in connections),
            bytes_received=sum(part.bytes_received for part in connections),
            waiting_seconds=round((turns + len(connections)) * round_trip + sending, 3),
            sending_seconds=round(sending, 3),
        )


_counting: ContextVar[tuple[Traffic, ...]] = ContextVar("counting_traffic", default=())


@contextmanager
def counting_traffic() -> Iterator[Traffic]:
    """Count the connections that are opened in this block, its tasks and threads; an outer block counts them as well."""
    traffic = Traffic()
    token = _counting.set((*_counting.get(), traffic))
    try:
        yield traffic
    finally:
        _counting.reset(token)


def network_so_far() -> Network | None:
    """The figures of the innermost ``counting_traffic``; None outside of one or before the first answer."""
    counting = _counting.get()
    return counting[-1].network() if counting else None


def count_connection() -> ConnectionTraffic:
    """Begin to count a connection, in every block of ``counting_traffic`` around this."""
    connection = ConnectionTraffic(_counting.get())
    for traffic in _counting.get():
        traffic.add(connection)
    return connection
