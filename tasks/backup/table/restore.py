"""Restore a single table out of a backup: into the live one, in its place, or beside it.

Everything is one transaction: the rows go into a table that nobody else sees, are compared with the manifest, and only
then exchanged with those of the live table. Whatever breaks off leaves the target as it was, and no leftovers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import asyncpg

from tasks import progress
from tasks.backup.catalogue.fingerprints import RULE
from tasks.backup.restore.archive_restore import ArchiveRestore, choose_restore_tools
from tasks.backup.restore.restore import RestoreSource
from tasks.backup.table.archive import TableArchives
from tasks.backup.table.create import create_table
from tasks.backup.table.plan import TableRestorePlan, find_backed_up_table, make_table_plan
from tasks.backup.table.rows import fill_side_table, finish_side_table
from tasks.backup.table.swap import exchange_rows, raise_sequences
from tasks.backup.table.target import read_table_target
from tasks.errors import RestoreRefused, RetailError, WarehouseBusy
from tasks.postgres.connect import ConnectionSettings, connect, connected
from tasks.postgres.errors import DRIVER_ERRORS, map_driver_error
from tasks.postgres.kept import close
from tasks.warehouse.load_lock import locked_transaction

__all__ = ["TableRestorePlan", "TableRestoreResult", "plan_table_restore", "restore_table"]

_ATTEMPT_SECONDS = 2.0
_PAUSE_SECONDS = 1.0
_LOCK_SECONDS = 60.0
_BUSY = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
# Errors of the server by themselves, not of what is restored: connection, resources, rights, the server's end.
_OF_SERVER = ("08", "25", "28", "42501", "53", "57", "58", "XX")
_BACKUP_LOCK = "lock table retail_ops.backup_lock in access exclusive mode"


@dataclass(frozen=True)
class TableRestoreResult:
    """What the restore of a table did.

    Attributes:
        plan: The plan that it followed.
        remarks: What is otherwise than in the backup, besides what the plan says.
        revision: Revision of the warehouse's schemas; None for another database.
    """

    plan: TableRestorePlan
    remarks: tuple[str, ...]
    revision: str | None


async def plan_table_restore(
    source: RestoreSource, settings: ConnectionSettings, table: str, beside: str
) -> TableRestorePlan:
    """Plan the restore of a table; nothing is written.

    Args:
        source: The backup.
        settings: The target.
        table: ``SCHEMA.TABLE``.
        beside: Plain name of the table that is made beside the live one; empty to restore the live one.

    Raises:
        RestoreRefused: the backup has no such table.
    """
    async with connected(settings) as connection:
        return await _plan(connection, source, settings, table, beside)


async def restore_table(
    source: RestoreSource, settings: ConnectionSettings, table: str, beside: str, confirmed: str
) -> TableRestoreResult:
    """Restore a table.

    Args:
        source: The backup, verified before.
        settings: The target, as the owner of the table.
        table: ``SCHEMA.TABLE``.
        beside: Plain name of the table that is made beside the live one; empty to restore the live one.
        confirmed: Name of the database.

    Raises:
        RestoreRefused: it cannot succeed, or would do harm; the target was not touched.
        WarehouseBusy: other sessions held the load lock or wrote to the table; the target was not touched.
        RestoreFailed: pg_restore failed; the target was not touched.
    """
    plan = await plan_table_restore(source, settings, table, beside)
    plan.ensure_possible(confirmed)
    patient = replace(settings, statement_timeout=0)
    connection = await connect(patient)
    try:
        async with _transaction(connection, patient, plan.target.has_load_lock):
            plan = await _plan(connection, source, settings, table, beside)  # as it is under the lock
            plan.ensure_possible(confirmed)
            remarks = await _restore(connection, source, settings, plan)
    except asyncpg.PostgresError as error:
        raise _error(error, plan) from None
    except DRIVER_ERRORS as error:
        raise map_driver_error(error, settings.display) from error
    finally:
        if connection.is_closed() or not connection.is_in_transaction():
            await close(connection)
        else:
            connection.terminate()
    progress.report("restore.done", plan.backup)
    revision = plan.target.state.revision if plan.target.state is not None else None
    return TableRestoreResult(plan, tuple(remarks), revision)


async def _plan(
    connection: asyncpg.Connection,
    source: RestoreSource,
    settings: ConnectionSettings,
    table: str,
    beside: str,
) -> TableRestorePlan:
    backed_up = find_backed_up_table(source.manifest, table, settings.display)
    types = [column["type"] for column in backed_up.columns]
    target = await read_table_target(connection, backed_up.name, beside, types)
    return make_table_plan(source.manifest, backed_up, target, settings.display, beside)


@asynccontextmanager
async def _transaction(
    connection: asyncpg.Connection, settings: ConnectionSettings, is_warehouse: bool
) -> AsyncIterator[None]:
    """Open a transaction for the block, under the load lock if the database is a warehouse, and commit it."""
    if is_warehouse:
        async with locked_transaction(connection, settings):
            yield
        return
    await connection.execute("begin")
    yield
    await connection.execute("commit")


async def _restore(
    connection: asyncpg.Connection,
    source: RestoreSource,
    settings: ConnectionSettings,
    plan: TableRestorePlan,
) -> list[str]:
    manifest = source.manifest
    tools = choose_restore_tools(
        source.tools, manifest, plan.target.major, needs_tls=not settings.is_loopback
    )
    archives = TableArchives(source, ArchiveRestore(tools, settings, plan.target.major, plan.backup))
    remarks = [] if manifest.fingerprint_rule == RULE else [_ONLY_COUNTED.format(manifest.fingerprint_rule)]
    if plan.way == "exchange rows":
        await fill_side_table(connection, plan, archives)
        progress.report("restore.exchange", plan.live)
        await _while_busy(connection, plan, lambda: exchange_rows(connection, plan))
        await connection.execute(";\n".join((*raise_sequences(plan), f"drop table {plan.side}")))
        return remarks
    if plan.target.has_backup_lock:  # a backup that saw the new table half-way would be made again
        await _while_busy(connection, plan, lambda: connection.execute(_BACKUP_LOCK))
    if plan.way == "create":
        return remarks + await create_table(connection, plan, archives)
    await fill_side_table(connection, plan, archives)
    await connection.execute(";\n".join(finish_side_table(plan, manifest)) or "select")
    return remarks


_ONLY_COUNTED = "Its rows were only counted: this release does not know rule {} of the backup's fingerprints."


async def _while_busy(
    connection: asyncpg.Connection, plan: TableRestorePlan, work: Callable[[], Awaitable[object]]
) -> None:
    """Try until other sessions leave the locks; an attempt that fails leaves no trace."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        await connection.execute(f"savepoint attempt; set local lock_timeout = '{_ATTEMPT_SECONDS}s'")
        try:
            await work()
        except _BUSY as error:
            await connection.execute("rollback to savepoint attempt")
            if time.monotonic() + _PAUSE_SECONDS > deadline:
                raise WarehouseBusy(
                    f"other sessions held locks on {plan.live} for {_LOCK_SECONDS:g} s ({error.args[0]}).",
                    "Wait for them (pg_stat_activity) and restore again: the target was not touched.",
                    warehouse=plan.address,
                ) from None
            progress.report("restore.waiting", f"other sessions use {plan.live}")
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            await connection.execute("release savepoint attempt")
            return


def _error(error: asyncpg.PostgresError, plan: TableRestorePlan) -> RetailError:
    """Everything was rolled back; what the server does not allow is refused, with the way out."""
    if (error.sqlstate or "XX").startswith(_OF_SERVER):
        return map_driver_error(error, plan.address)
    way_out = (
        "Restore the whole backup, or restore it beside the live one (--beside NAME)."
        if plan.way == "exchange rows"
        else "Create what is missing, or restore the whole backup."
    )
    name = getattr(error, "constraint_name", None)
    where = f" (constraint {name} of {error.schema_name}.{error.table_name})" if name else ""
    refused: RestoreRefused = plan.refused(f"the server does not allow it: {error.args[0]}{where}.", way_out)
    return refused
