"""Connections that a run keeps from one step to the next, so that it logs in once.

Inside ``keeping_connections``, ``connected`` takes an idle connection if there is one and gives it back afterwards. A
connection that the server closed meanwhile is left out; one that was idle for long is proven first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field

import asyncpg

from tasks.postgres.errors import DRIVER_ERRORS
from tasks.postgres.settings import ConnectionSettings

# Network devices forget a connection that says nothing for some minutes.
_PROVE_AFTER_SECONDS = 30.0
_PROOF_SECONDS = 5.0


@dataclass
class KeptConnections:
    """Idle connections of one event loop, with their settings and the time since when they are idle."""

    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    _idle: list[tuple[ConnectionSettings, asyncpg.Connection, float]] = field(default_factory=list)

    async def take(self, settings: ConnectionSettings) -> asyncpg.Connection | None:
        """Return an idle connection with these settings, the last used first; None if there is none that works."""
        for position in reversed(range(len(self._idle))):
            if self._idle[position][0] != settings:
                continue
            _, connection, since = self._idle.pop(position)
            if connection.is_closed():
                continue
            if time.monotonic() - since < _PROVE_AFTER_SECONDS or await _works(connection):
                return connection
        return None

    def give_back(self, settings: ConnectionSettings, connection: asyncpg.Connection) -> None:
        """Keep a connection without an open transaction."""
        self._idle.append((settings, connection, time.monotonic()))

    async def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            await close(self._idle.pop()[1])


_kept: ContextVar[KeptConnections | None] = ContextVar("kept_connections", default=None)


def kept_connections() -> KeptConnections | None:
    """Return the connections kept for the running event loop, None outside of ``keeping_connections``."""
    kept = _kept.get()
    # A thread with an event loop of its own can have a copy of the context.
    return kept if kept is not None and kept.loop is asyncio.get_running_loop() else None


@asynccontextmanager
async def keeping_connections() -> AsyncIterator[None]:
    """Keep the connections that ``connected`` opens in this block and its tasks, until its end."""
    kept = KeptConnections()
    token = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(token)
        await kept.close()


async def close(connection: asyncpg.Connection) -> None:
    """Close a connection whose work is committed: an error here must not make it look as if it failed."""
    try:
        with suppress(*DRIVER_ERRORS, OSError):
            await connection.close(timeout=5)
    finally:
        # After a cancelled await, close() cannot be awaited: drop the connection, the server rolls back.
        if not connection.is_closed():
            connection.terminate()


async def _works(connection: asyncpg.Connection) -> bool:
    try:
        await connection.execute("select", timeout=_PROOF_SECONDS)
    except (*DRIVER_ERRORS, OSError):
        connection.terminate()
        return False
    return True
