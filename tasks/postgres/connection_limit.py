"""The limit on this process's connections to a warehouse, and a single first login.

Loads and the query pool share the limit. The first login is attempted alone: Supabase bans an address after a few
wrong passwords, so twenty parallel connections must not try the same one.
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
from tasks.postgres.supabase import pool_size_and_overflow

_Key = tuple[object, ...]


@dataclass
class ConnectionLimit:
    """Connection slots of one warehouse in one event loop of this process."""

    size: int
    slots: asyncio.Semaphore
    # Loads that have a connection: one sends its lines while another is merged. A third would only wait.
    loads: asyncio.Semaphore
    # Lines are sent one load after the other: on a shared line both would arrive late, and be merged late.
    send_slot: asyncio.Lock = field(default_factory=asyncio.Lock)
    # Merges of a process run one by one: a second one would only wait for the load lock.
    merge_slot: asyncio.Lock = field(default_factory=asyncio.Lock)
    login_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    login_succeeded: bool = False
    last_failure: RetailError | None = None
    failures: int = 0

    @property
    def in_use(self) -> int:
        """Slots that are taken."""
        return self.size - self.slots._value  # asyncio has no public name for it

    async def acquire(self, settings: ConnectionSettings) -> None:
        """Wait for a slot.

        Raises:
            WarehouseBusy: no slot became free within ``connect_seconds``.
        """
        try:
            async with asyncio.timeout(settings.connect_seconds):
                await self.slots.acquire()
        except TimeoutError:
            raise WarehouseBusy(
                f"all {self.size} connections of this process were in use for {settings.connect_seconds:g} s.",
                "Run fewer loads and queries in parallel, or raise RETAIL_POOL_SIZE and RETAIL_POOL_OVERFLOW "
                "as far as the server's max_connections allows.",
                warehouse=settings.display,
            ) from None

    def release_on_close(self, connection: asyncpg.Connection) -> None:
        """Release the slot when the connection closes, whether by us, the server or the network."""
        connection.add_termination_listener(lambda _: self.slots.release())

    @asynccontextmanager
    async def first_login(self) -> AsyncIterator[None]:
        """Serialize logins until one succeeds.

        Raises:
            RetailError: a copy of the error with which the login ahead of this one failed.
        """
        if self.login_succeeded:
            yield
            return
        failures_before = self.failures
        async with self.login_lock:
            if self.failures > failures_before and self.last_failure is not None:
                raise copy.copy(self.last_failure)
            try:
                yield
            except RetailError as error:
                self.last_failure, self.failures = error, self.failures + 1
                raise
            self.login_succeeded = True


_limits: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[_Key, ConnectionLimit]] = WeakKeyDictionary()


def connection_limit(settings: ConnectionSettings) -> ConnectionLimit:
    """Return the limit of this warehouse in the running event loop."""
    size = sum(pool_size_and_overflow(settings))
    key = (
        settings.host,
        settings.port,
        settings.database,
        settings.user,
        settings.password,
        settings.sslmode,
        size,
    )
    limits = _limits.setdefault(asyncio.get_running_loop(), {})
    if key not in limits:
        limits[key] = ConnectionLimit(size, asyncio.Semaphore(size), asyncio.Semaphore(min(size, 2)))
    return limits[key]
