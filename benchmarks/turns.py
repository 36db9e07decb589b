"""Turns of a connection: how often its client sends something and waits for the answer.

A turn is counted once its answer arrives, so a farewell, which nobody answers, is none. What the client sends in one
go is one turn, however many messages and segments it is. So are the data of a COPY that follow their statement without
waiting: the server's go-ahead reaches the client in the middle of them, and the client goes on without having needed
it. The two counters differ in how they know that.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol

_COPY = frozenset(b"dcf")  # CopyData, CopyDone, CopyFail
_COPY_ENDS = frozenset(b"cf")
_QUERIES = frozenset(b"QPBF")  # Query, Parse, Bind, FunctionCall
_GO_AHEAD = ord("G")  # CopyInResponse
_ENDS_COPY = frozenset(b"EZ")  # ErrorResponse, ReadyForQuery
_TLS_REQUESTS = frozenset({80877103, 80877104})  # SSLRequest, GSSENCRequest
GO_AHEAD_SECONDS = 0.25


class TurnCounter(Protocol):
    """Counts the turns of one connection.

    Attributes:
        turns: All turns.
        login_turns: Those before the first query: start-up and authentication. Zero where messages are not read.
    """

    turns: int
    login_turns: int

    def on_sent(self, data: bytes, *, is_under_way: bool) -> None:
        """Note what the client sent; ``is_under_way`` if earlier bytes have not reached the server yet."""

    async def before_answer(self, data: bytes) -> None:
        """Note what the client is about to receive."""


class SegmentTurns:
    """Counts by the order of segments, for connections whose messages are encrypted.

    Who waits for an answer has nothing under way when it arrives. A client that sends while its earlier bytes are
    still under way therefore continues its turn. This needs a link with a delay, and a client that makes no pause as
    long as that in the middle of a COPY.
    """

    def __init__(self) -> None:
        self.turns = 0
        self.login_turns = 0
        self._is_waiting = False

    def on_sent(self, data: bytes, *, is_under_way: bool) -> None:
        """Note what the client sent."""
        self._is_waiting = self._is_waiting or not is_under_way

    async def before_answer(self, data: bytes) -> None:
        """Note what the client is about to receive."""
        self.turns += self._is_waiting
        self._is_waiting = False


class MessageTurns:
    """Counts by the messages, so that the count depends on client and server alone; without TLS only.

    Holds the go-ahead of a COPY back until its data come, or for ``go_ahead_seconds``: a client that needs it sends
    nothing meanwhile, and its data are a turn of their own.
    """

    def __init__(self, go_ahead_seconds: float = GO_AHEAD_SECONDS) -> None:
        self._go_ahead_seconds = go_ahead_seconds
        self.turns = 0
        self.login_turns = 0
        self._client = Messages(starts_up=True)
        self._server = Messages()
        self._is_waiting = False
        self._has_queried = False
        self._copies = False
        self._copy_arrived = asyncio.Event()

    def on_sent(self, data: bytes, *, is_under_way: bool) -> None:
        """Note what the client sent."""
        self._is_waiting = True
        for kind in self._client.kinds(data):
            self._copies = kind in _COPY and kind not in _COPY_ENDS
            if kind in _COPY:
                self._copy_arrived.set()
            else:
                self._copy_arrived.clear()
            self._has_queried = self._has_queried or kind in _QUERIES
        if self._client.asks_for_encryption:
            self._server.skip(1)  # the answer is one byte: N, as this counter needs

    async def before_answer(self, data: bytes) -> None:
        """Note what the client is about to receive; wait for the data of a COPY."""
        kinds = list(self._server.kinds(data))
        if _GO_AHEAD in kinds and not self._copy_arrived.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._copy_arrived.wait(), self._go_ahead_seconds)
        if self._copies and not _ENDS_COPY.intersection(kinds):
            return
        self.turns += self._is_waiting
        self.login_turns += self._is_waiting and not self._has_queried
        self._is_waiting = False


class Messages:
    """The messages in one direction of a connection, however its bytes are cut.

    Attributes:
        asks_for_encryption: The last message was a request for TLS or GSSAPI.
    """

    def __init__(self, *, starts_up: bool = False) -> None:
        """Begin a direction; ``starts_up`` for the client's, whose first messages have no type."""
        self.asks_for_encryption = False
        self._starts_up = starts_up
        self._header = b""
        self._body = 0

    def skip(self, size: int) -> None:
        """Leave out bytes before the next message."""
        self._body += size

    def kinds(self, data: bytes) -> Iterator[int]:
        """Yield the type byte of each message that begins in ``data``, 0 for a start-up message."""
        position = 0
        while position < len(data):
            if self._body:
                step = min(self._body, len(data) - position)
                self._body -= step
                position += step
                continue
            size = 8 if self._starts_up else 5
            part = data[position : position + size - len(self._header)]
            self._header += part
            position += len(part)
            if len(self._header) < size:
                return
            yield self._begin(self._header)
            self._header = b""

    def _begin(self, header: bytes) -> int:
        if self._starts_up:
            length, code = struct.unpack("!II", header)
            self.asks_for_encryption = code in _TLS_REQUESTS
            self._starts_up = self.asks_for_encryption
            self._body = length - 8
            return 0
        kind, length = struct.unpack("!BI", header)
        self.asks_for_encryption = False
        self._body = length - 4
        return int(kind)
