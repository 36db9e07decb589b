"""How many connections this process may hold to a warehouse, and the proof of the first before more are opened.

Loads and the pool for queries draw on the same budget. The first connection is proven alone, since each
wrong password counts where a few of them ban the address.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import asyncpg

from tasks.errors import RetailError, WarehouseBusy
from tasks.postgres.settings import ConnectionSettings
from tasks.postgres.supabase import pool_limits

_Key = tuple[object, ...]


@dataclass
class ConnectionLimit:
    """The places of one warehouse, in one event loop of this process."""

    size: int
    places: asyncio.Semaphore
    # Loads of one process go one by one: a second one would hold a connection only to wait for the load lock.
    load_slot: asyncio.Lock = field(default_factory=asyncio.Lock)
    proving: asyncio.Lock = field(default_factory=asyncio.Lock)
    proven: bool = False
    refusal: RetailError | None = None
    refusals: int = 0

    async def acquire(self, settings: ConnectionSettings) -> None:
        """Wait for a place. Raises WarehouseBusy after ``connect_seconds``."""
        try:
            async with asyncio.timeout(settings.connect_seconds):
                await self.places.acquire()
        except TimeoutError:
            raise WarehouseBusy(
                f"all {self.size} connections that this process may open were in use for {settings.connect_seconds:g} s.",
                "Run less at once, or raise RETAIL_POOL_SIZE and RETAIL_POOL_OVERFLOW as "
                "far as the server's max_connections allows.",
                warehouse=settings.display,
            ) from None

    def release_on_close(self, connection: asyncpg.Connection) -> None:
        """Give the place back once the connection is closed, however that happens."""
        connection.add_termination_listener(lambda _: self.places.release())

    @asynccontextmanager
    async def first_login(self) -> AsyncIterator[None]:
        """Let one opener through at a time until one has succeeded; who waited fails with what it failed with."""
        if self.proven:
            yield
            return
        seen = self.refusals
        async with self.proving:
            if self.refusals > seen and self.refusal is not None:
                raise copy.copy(self.refusal)
            try:
                yield
            except RetailError as error:
                self.refusal, self.refusals = error, self.refusals + 1
                raise
            self.proven = True


_limits: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[_Key, ConnectionLimit]] = WeakKeyDictionary()


def connection_limit(settings: ConnectionSettings) -> ConnectionLimit:
    """The budget of this warehouse in the running event loop."""
    size = sum(pool_limits(settings))
    key = (
        settings.host,
        settings.port,
        settings.database,
        settings.user,
        settings.password,
        settings.sslmode,
        size,
    )
    here = _limits.setdefault(asyncio.get_running_loop(), {})
    if key not in here:
        here[key] = ConnectionLimit(size, asyncio.Semaphore(size))
    return here[key]
