"""Connections for queries: kept, checked before use, recycled. Loads take plain ones (see ``connect``)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Self, cast
from weakref import WeakKeyDictionary

import asyncpg
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tasks.errors import RetailError, WarehouseBusy
from tasks.postgres.connect import ConnectionSettings, connect, driver_errors_mapped
from tasks.postgres.supabase import pool_limits

RECYCLE_SECONDS = 1800
WAIT_SECONDS = 30.0


def engine_options(settings: ConnectionSettings, wait_seconds: float = WAIT_SECONDS) -> dict[str, Any]:
    """Arguments of SQLAlchemy's ``create_async_engine`` for a pool whose connections come from ``connect``.

    So they keep the TLS rule, the connection retry and the budget, whoever makes the engine.
    """
    size, overflow = pool_limits(settings)
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
    """A pool for queries, usable from any event loop: each has connections of its own.

    Use as an async context manager; at its end those of the running loop are closed.
    ``wait_seconds`` bounds the wait for a connection when all are in use.
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
        """One connection for the block. Raises WarehouseBusy if none became free in ``wait_seconds``."""
        pooled = self._engine().connect()
        try:
            await pooled.start()
        except PoolTimeout:
            size = sum(pool_limits(self.settings))
            raise WarehouseBusy(
                f"all {size} connections of the pool were in use for {self.wait_seconds:g} s.",
                "Ask less at once, or raise RETAIL_POOL_SIZE and RETAIL_POOL_OVERFLOW.",
                warehouse=self.settings.display,
            ) from None
        raw = cast(asyncpg.Connection, (await pooled.get_raw_connection()).driver_connection)
        usable = False
        try:
            with driver_errors_mapped(self.settings):
                yield raw
                # The pool rolls back only what SQLAlchemy itself began.
                if raw.is_in_transaction():
                    await raw.execute("rollback")
            usable = True
        except RetailError:  # the server's answer; what else ends the block leaves the connection in doubt
            usable = not raw.is_in_transaction()
            raise
        finally:
            # Cut off in the middle, or in a transaction: it does not go back to the others.
            if not usable:
                await pooled.invalidate()
            await pooled.close()

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """The rows of one query; parameters are ``$1``, ``$2`` …"""
        async with self.connection() as connection:
            return list(await connection.fetch(query, *arguments))

    def _engine(self) -> AsyncEngine:
        loop = asyncio.get_running_loop()
        engine = self._engines.get(loop)
        if engine is None:
            engine = create_async_engine(
                "postgresql+asyncpg://", **engine_options(self.settings, self.wait_seconds)
            )
            self._engines[loop] = engine
        return engine
