"""The holder of a backup: a transaction that locks every table, exports its snapshot and stays open until the end.

The locks come first. A TRUNCATE between a snapshot and a lock would leave a dump of no rows that looks complete. A
table that was made in that moment is in the snapshot but not locked: then the holder starts over.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import asyncpg

from tasks import progress
from tasks.errors import BackupFailed, RightsMissing, SettingsError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.copy import fetch_json
from tasks.postgres.queries import sql

# A waiting LOCK blocks nobody but those who want the table exclusively.
LOCK_SECONDS = 30.0
_ATTEMPTS = 3
_SHOWN = 5
_BEGIN = "begin isolation level repeatable read read only"
# Two snapshots with equal texts see the same transactions. A standby does not list those that still run.
_COMMITTED = "case when not pg_is_in_recovery() then pg_current_snapshot()::text end"
_SNAPSHOT = (
    "select pg_export_snapshot() as snapshot, now() as created_at, "
    f"current_setting('server_version_num')::int as server_version, {_COMMITTED} as committed"
)


@dataclass(frozen=True)
class DumpedTable:
    """A table of the backup: its qualified name, kind (``r``, ``p`` for partitioned) and size in bytes."""

    name: str
    kind: str
    bytes: int


@dataclass(frozen=True)
class Holder:
    """An open snapshot.

    Attributes:
        connection: The connection that holds it; ask it only what belongs into the snapshot.
        snapshot: Id of the snapshot, for ``set transaction snapshot`` and ``pg_dump --snapshot``.
        created_at: When the transaction began, with time zone.
        server_version: As ``server_version_num``.
        committed: Which transactions the snapshot sees, as text; None on a standby.
        tables: The locked tables.
        lost: Set when the connection ends; the snapshot and the locks are gone then.
    """

    connection: asyncpg.Connection
    snapshot: str
    created_at: datetime
    server_version: int
    committed: str | None
    tables: tuple[DumpedTable, ...]
    lost: asyncio.Event


def patiently_connected(settings: ConnectionSettings) -> AbstractAsyncContextManager[asyncpg.Connection]:
    """Open a connection that waits for locks as long as a holder may."""
    return connected(replace(settings, lock_timeout=LOCK_SECONDS))


@asynccontextmanager
async def holding_snapshot(
    connection: asyncpg.Connection,
    settings: ConnectionSettings,
    excluded_schemas: Sequence[str],
    tables: Sequence[str] = (),
) -> AsyncIterator[Holder]:
    """Hold a snapshot for the block.

    Args:
        connection: Connection that holds it, opened by ``patiently_connected``.
        settings: The database.
        excluded_schemas: Schemas that are not backed up.
        tables: Qualified names, for a backup of these tables alone.

    Raises:
        RightsMissing: the role may not read every table or row; the message names them.
        SettingsError: one of ``tables`` does not exist.
        WarehouseBusy: somebody holds a table exclusively for longer than 30 s.
        BackupFailed: tables come and go so quickly that no set of them could be locked.
    """
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    found = await _lock(connection, settings, excluded_schemas, tables)
    row = await connection.fetchrow(_SNAPSHOT)
    assert row is not None  # noqa: S101 - for the type checker
    progress.report("backup.snapshot", f"{len(found)} tables of {settings.display}", total=len(found))
    yield Holder(connection, **row, tables=found, lost=lost)
    if not connection.is_closed():
        await connection.execute("rollback")


async def has_committed_since(connection: asyncpg.Connection, holder: Holder) -> bool:
    """Tell whether a transaction may have committed since the holder's snapshot, in any database of the server.

    If none has, the catalogue is what it was at any moment since. What changes without a transaction of its own,
    statistics and values of sequences, is no part of its hash.

    Args:
        connection: Another connection, outside of a transaction.
        holder: The open snapshot.
    """
    (committed,) = await fetch_json(connection, f"select to_json({_COMMITTED})")
    return committed is None or committed != holder.committed


async def _lock(
    connection: asyncpg.Connection,
    settings: ConnectionSettings,
    excluded_schemas: Sequence[str],
    tables: Sequence[str],
) -> tuple[DumpedTable, ...]:
    for _ in range(_ATTEMPTS):
        rows = await _list(connection, excluded_schemas, tables)
        _check(rows, settings, tables)
        names = ", ".join(f"only {row['name']}" for row in rows)
        try:
            await connection.execute(
                f"{_BEGIN}; {f'lock table {names} in access share mode' if names else ''}"
            )
            if [row["name"] for row in await _list(connection, excluded_schemas, tables)] == [
                row["name"] for row in rows
            ]:
                return tuple(DumpedTable(row["name"], row["kind"], row["bytes"]) for row in rows)
        except asyncpg.UndefinedTableError:
            pass  # dropped since it was listed
        await connection.execute("rollback")
    raise BackupFailed(
        f"tables were created and dropped in each of {_ATTEMPTS} attempts to lock them.",
        "Back up when no schema changes run.",
        warehouse=settings.display,
    )


async def _list(
    connection: asyncpg.Connection, excluded_schemas: Sequence[str], tables: Sequence[str]
) -> list[dict[str, Any]]:
    rows = await connection.fetch(
        sql("select_dumped_tables", "tasks.backup"), list(excluded_schemas), list(tables)
    )
    return [json.loads(row[0]) for row in rows]


def _check(rows: Sequence[dict[str, Any]], settings: ConnectionSettings, tables: Sequence[str]) -> None:
    missing = sorted(set(tables) - {row["name"] for row in rows})
    if missing:
        raise SettingsError(
            f"{settings.display} has no table {', '.join(missing)}.",
            "Write it as SCHEMA.TABLE, quoted as in SQL.",
            setting="table",
        )
    unreadable = [row["name"] for row in rows if not row["is_readable"]]
    if unreadable:
        raise RightsMissing(
            f"the role {settings.user} may not read {some(unreadable)}.",
            f'Back up as a role that may read all tables: grant pg_read_all_data to "{settings.user}";',
            warehouse=settings.display,
        )
    hidden = [row["name"] for row in rows if row["is_hidden"]]
    if hidden:
        raise RightsMissing(
            f"row-level security hides rows of {some(hidden)} from the role {settings.user}.",
            f'Back up as the owner, or: alter role "{settings.user}" bypassrls;',
            warehouse=settings.display,
        )


def some(names: Sequence[str]) -> str:
    """The first five names, and how many more there are."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
