"""Connections for questions to the warehouse (``tasks.postgres.questions``)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg

from tasks.errors import WarehouseError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.pool import QueryPool
from tasks.warehouse.migrate import head_revision, version_on

_ANSWER_SECONDS = 60.0
_MISSING = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.InvalidSchemaNameError)


# A question goes to the warehouse over a connection of its own, or over one of a pool, whose time limit then counts.
Warehouse = ConnectionSettings | QueryPool


def address_of(warehouse: Warehouse) -> ConnectionSettings:
    """Return the connection settings of a warehouse."""
    return warehouse.settings if isinstance(warehouse, QueryPool) else warehouse


@asynccontextmanager
async def reading(warehouse: Warehouse, statement_seconds: float) -> AsyncIterator[asyncpg.Connection]:
    """Open a connection for questions, whose statements end after ``statement_seconds``; or take one of the pool.

    Raises:
        WarehouseError: a question in the block named a table or column that the database lacks: its schema has
            another revision than this release.
    """
    async with (
        _connection(warehouse, statement_seconds) as connection,
        explaining_revision(connection, address_of(warehouse)),
    ):
        yield connection


@asynccontextmanager
async def explaining_revision(
    connection: asyncpg.Connection, settings: ConnectionSettings
) -> AsyncIterator[None]:
    """Explain a table or column that a question in the block does not find by the revision of the schema.

    Raises:
        WarehouseError: the schema has another revision than this release, or somebody changed it.
    """
    try:
        yield
    except _MISSING as error:
        if connection.is_in_transaction():
            await connection.execute("rollback")
        revision = await version_on(connection)
        if revision == head_revision():
            raise WarehouseError(
                f"{str(error.args[0]).rstrip('.')}, though its schema is at revision {revision}: somebody dropped or "
                "renamed it.",
                "Undo that, or bring it back from a backup: retail restore ID --table SCHEMA.TABLE",
                warehouse=settings.display,
            ) from error
        raise _other_revision(revision, settings) from error


async def fetch_answer(warehouse: Warehouse, query: str, *arguments: object) -> Any:
    """Return the JSON value that a query gives, with parameters ``$1``, ``$2`` … that may be text from outside.

    Raises:
        WarehouseError: the schema has another revision than this release.
    """
    async with reading(warehouse, _ANSWER_SECONDS) as connection:
        # As text: connections of SQLAlchemy's decode JSON themselves, others do not.
        return json.loads(await connection.fetchval(f"select ({query})::text", *arguments))


def _connection(
    warehouse: Warehouse, statement_seconds: float
) -> AbstractAsyncContextManager[asyncpg.Connection]:
    if isinstance(warehouse, QueryPool):
        return warehouse.connection()
    limited = min(statement_seconds, warehouse.statement_timeout or statement_seconds)
    return connected(replace(warehouse, statement_timeout=limited))


def _other_revision(revision: str | None, settings: ConnectionSettings) -> WarehouseError:
    if revision is None:
        return WarehouseError(
            "it has no retail schema yet.",
            "Load something first: retail etl SOURCE",
            warehouse=settings.display,
        )
    return WarehouseError(
        f"its schema is at revision {revision}; this release works with {head_revision()}.",
        "Run retail etl with the newer of the two releases, which upgrades the schema.",
        warehouse=settings.display,
    )
