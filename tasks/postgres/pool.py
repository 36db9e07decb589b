"""A connection pool for queries. Loads use plain connections instead (``tasks.postgres.connect``)."""

from __future__ import annotations

import asyncio
import select
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Self, cast
from weakref import WeakKeyDictionary

import asyncpg
from sqlalchemy import event
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tasks.errors import RetailError, WarehouseBusy
from tasks.postgres.connect import ConnectionSettings, connect, driver_errors_mapped
from tasks.postgres.connection_limit import connection_limit
from tasks.postgres.errors import DRIVER_ERRORS
from tasks.postgres.supabase import pool_size_and_overflow

RECYCLE_SECONDS = 1800
WAIT_SECONDS = 30.0
# Network devices forget a connection that says nothing for some minutes.
_PROVE_AFTER_SECONDS = 30.0


@dataclass(frozen=True)
class PoolUse:
    """Connections that are in use, and the most that may be."""

    in_use: int
    limit: int


def use_of_process(settings: ConnectionSettings) -> PoolUse:
    """The connections to a warehouse that this process has open in the running event loop."""
    limit = connection_limit(settings)
    return PoolUse(limit.in_use, limit.size)


def engine_options(settings: ConnectionSettings, wait_seconds: float = WAIT_SECONDS) -> dict[str, Any]:
    """Return arguments for SQLAlchemy's ``create_async_engine``.

    The engine opens its connections with ``connect``, with the TLS rule, the retries and the connection limit.

    Args:
        settings: The warehouse.
        wait_seconds: Longest wait for a connection when all are in use.
    """
    size, overflow = pool_size_and_overflow(settings)
    return {
        "async_creator": lambda: connect(settings),
        "pool_size": size,
        "max_overflow": overflow,
        "pool_timeout": wait_seconds,
        "pool_pre_ping": True,
        "pool_recycle": RECYCLE_SECONDS,
        "pool_use_lifo": True,
    }


class QueryPool:
    """A pool for queries that several event loops can share; each loop has connections of its own.

    A connection that the server closed is replaced before it is given out, which costs no turn; one that was idle for
    half a minute is proven by a query first.

    Use it as an async context manager: on exit it closes the connections of the running loop.

    Args:
        settings: The warehouse.
        wait_seconds: Longest wait for a connection when all are in use.
        statement_timeout: Time limit of a statement in seconds; a lower one in ``settings`` wins.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        *,
        wait_seconds: float = WAIT_SECONDS,
        statement_timeout: float = 60.0,
    ) -> None:
        self.settings = replace(
            settings, statement_timeout=min(statement_timeout, settings.statement_timeout)
        )
        self.wait_seconds = wait_seconds
        self._engines: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncEngine] = WeakKeyDictionary()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        engine = self._engines.pop(asyncio.get_running_loop(), None)
        if engine is not None:
            await engine.dispose()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """Take a connection from the pool for the block; the driver's errors inside are mapped.

        Raises:
            WarehouseBusy: no connection became free within ``wait_seconds``.
        """
        pooled = self._engine().connect()
        try:
            await pooled.start()
        except PoolTimeout:
            size = sum(pool_size_and_overflow(self.settings))
            raise WarehouseBusy(
                f"all {size} connections of the pool were in use for {self.wait_seconds:g} s.",
                "Run fewer queries in parallel, or raise RETAIL_POOL_SIZE and RETAIL_POOL_OVERFLOW.",
                warehouse=self.settings.display,
            ) from None
        raw = cast(asyncpg.Connection, (await pooled.get_raw_connection()).driver_connection)
        is_reusable = False
        try:
            with driver_errors_mapped(self.settings):
                yield raw
                # The pool rolls back only transactions that SQLAlchemy began.
                if raw.is_in_transaction():
                    await raw.execute("rollback")
            is_reusable = True
        except (
            RetailError
        ):  # the server answered; after any other exception the connection's state is unknown
            is_reusable = not raw.is_in_transaction()
            raise
        finally:
            # Interrupted, or in a transaction: discard the connection.
            if not is_reusable:
                await pooled.invalidate()
            await pooled.close()

    def use(self) -> PoolUse:
        """The connections of the running event loop that are taken out of the pool."""
        taken = cast(Any, self._engine().pool).checkedout()
        return PoolUse(int(taken), sum(pool_size_and_overflow(self.settings)))

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Return the rows of a query; parameters are ``$1``, ``$2`` …"""
        async with self.connection() as connection:
            return list(await connection.fetch(query, *arguments))

    def _engine(self) -> AsyncEngine:
        loop = asyncio.get_running_loop()
        engine = self._engines.get(loop)
        if engine is None:
            options = engine_options(self.settings, self.wait_seconds) | {"pool_pre_ping": False}
            engine = create_async_engine("postgresql+asyncpg://", **options)
            event.listen(engine.sync_engine, "checkin", _note_idle)
            event.listen(engine.sync_engine, "checkout", _ensure_open)
            self._engines[loop] = engine
        return engine


def _note_idle(_: Any, record: Any) -> None:
    record.info["idle_since"] = time.monotonic()


def _ensure_open(connection: Any, record: Any, _: Any) -> None:
    """Have SQLAlchemy replace a lost connection, and all that were opened before now: their server went with it."""
    driver = connection.driver_connection
    is_lost = driver.is_closed()
    idle_seconds = time.monotonic() - record.info.get("idle_since", time.monotonic())
    if not is_lost and (idle_seconds > _PROVE_AFTER_SECONDS or _has_something_to_say(driver)):
        try:
            connection.ping()
        except (*DRIVER_ERRORS, AsyncAdapt_asyncpg_dbapi.Error):
            is_lost = True
    if is_lost:
        raise InvalidatePoolError("the server closed the connection")


def _has_something_to_say(connection: asyncpg.Connection) -> bool:
    """Whether bytes came while the connection was idle, such as the server's last words, that nobody has read yet."""
    watch = select.poll()
    watch.register(connection._transport.get_extra_info("socket"), select.POLLIN)
    return bool(watch.poll(0))
