"""No password in clear text to a server that nobody has verified, as with libpq's ``require_auth``.

asyncpg answers whatever a server asks. This protocol reads the server's messages before asyncpg's does, until the login
is over; ``tasks.postgres.protocol`` has asyncpg build it.
"""

from __future__ import annotations

import struct
from asyncio import Future
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import asyncpg
import asyncpg.protocol

from tasks.postgres.settings import ConnectionSettings

_HEADER = struct.Struct("!ci")
_AUTHENTICATION, _READY = b"R", b"Z"
_CLEAR_TEXT = struct.pack("!i", 3)
_guards: ContextVar[bool] = ContextVar("guards", default=False)


class ClearTextRequested(asyncpg.InterfaceError):  # type: ignore[misc]  # it has no types
    """The server asked for the password in clear text, and did not get it."""


def may_send_clear_text(settings: ConnectionSettings) -> bool:
    """True where a password in clear text reaches nobody but the server that is meant.

    That is a verified server, a Unix socket, and this machine itself unless TLS is asked for. ``verify-ca`` without a
    CA of its own accepts any authority's certificate for any host, which verifies nobody.
    """
    if settings.host.startswith("/"):
        return True
    if settings.sslmode == "verify-full" or (settings.sslrootcert and settings.sslmode != "disable"):
        return True
    return settings.is_loopback and settings.sslmode in {"disable", "allow", "prefer"}


@contextmanager
def clear_text_refused(settings: ConnectionSettings) -> Iterator[None]:
    """Have the connections that this task opens in the block refuse to send the password in clear text if need be."""
    token = _guards.set(not may_send_clear_text(settings))
    try:
        yield
    finally:
        _guards.reset(token)


class GuardedProtocol(asyncpg.protocol.Protocol):  # type: ignore[misc]  # it has no types
    """asyncpg's protocol; made within ``clear_text_refused``, it hands on whole messages until the login is over."""

    def __init__(self, address: Any, connected: Future[Any], *arguments: Any) -> None:
        super().__init__(address, connected, *arguments)
        self._connected = connected
        self._is_guarded = _guards.get()
        self._has_refused = False
        self._received = bytearray()

    def data_received(self, data: bytes) -> None:
        """Hand on what the server sent; asyncio calls this."""
        if not self._is_guarded:
            super().data_received(data)
            return
        if self._has_refused:
            return
        self._received += data
        size = self._whole_messages()
        whole = bytes(self._received[:size])
        del self._received[:size]
        if whole:
            super().data_received(whole)

    def _whole_messages(self) -> int:
        """Bytes that asyncpg may read; after a request for clear text none, and the connection fails."""
        end = 0
        while len(self._received) >= end + _HEADER.size:
            kind, length = _HEADER.unpack_from(self._received, end)
            # A server may ask again after it has accepted the login: only the ready session is past it.
            if kind == _READY:
                self._is_guarded = False
                return len(self._received)
            if kind == _AUTHENTICATION and self._received[end + 5 : end + 9] == _CLEAR_TEXT:
                self._refuse()
                return 0
            if len(self._received) < end + 1 + length:
                break
            end += 1 + max(4, length)
        return end

    def _refuse(self) -> None:
        self._has_refused = True
        self._received.clear()
        if not self._connected.done():
            self._connected.set_exception(
                ClearTextRequested("the server asks for the password in clear text")
            )
