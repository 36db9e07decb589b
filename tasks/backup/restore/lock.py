"""The locks of a restore into a warehouse, on tables that are neither dropped nor restored.

Where they are missing they are made first, since a load or a backup that begins meanwhile looks for them; a restore that
fails before it changes anything takes them away again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import asyncpg

from tasks.backup.restore.plan import RestorePlan
from tasks.postgres.connect import ConnectionSettings, connect, driver_errors_mapped
from tasks.postgres.errors import DRIVER_ERRORS
from tasks.postgres.kept import close
from tasks.postgres.queries import sql
from tasks.warehouse.load_lock import locked_transaction
from tasks.warehouse.migrate import create_load_lock

_SCHEMA = "schema retail_ops"
_LOAD_LOCK = "table retail_ops.load_lock"
_BACKUP_LOCK = "table retail_ops.backup_lock"
NO_BACKUPS = "lock table retail_ops.backup_lock in access exclusive mode"
_IS_QUEUED = "select exists (select from pg_catalog.pg_locks where pid = $1 and not granted)"
_LOOK_SECONDS = 0.01


@dataclass
class RestoreLock:
    """The load lock, held by a connection with an open transaction.

    Attributes:
        connection: The connection.
        made: What was made for the lock, such as ``table retail_ops.load_lock``, in the order of making.
    """

    connection: asyncpg.Connection
    made: list[str] = field(default_factory=list)
    _taking: asyncio.Future[str] | None = None

    async def take_over_from(self, holder: asyncpg.Connection) -> None:
        """Commit the transaction of a connection that keeps backups out, and keep them out from then on.

        No backup can begin in between: the lock is asked for, and queued, before it becomes free. ``taken_over`` waits
        until it is there: what fails until the commit leaves the target as it was, what fails afterwards does not.
        """
        self._taking = taking = asyncio.ensure_future(self.connection.execute(NO_BACKUPS))
        is_committed = False
        try:
            pid = self.connection.get_server_pid()
            while not (taking.done() or await holder.fetchval(_IS_QUEUED, pid)):  # noqa: ASYNC110 - it is the server's
                await asyncio.sleep(_LOOK_SECONDS)
            if taking.done():  # the holder has the lock, so it failed
                taking.result()
            await holder.execute("commit")
            is_committed = True
        finally:
            if not is_committed:  # also after a cancellation; the connection is used again
                taking.cancel()
                await asyncio.wait({taking})

    async def taken_over(self) -> None:
        """Wait until the lock that ``take_over_from`` asked for is there."""
        if self._taking is not None:
            await self._taking

    def keep_tables(self) -> None:
        """Leave what was made where it is from now on: the restored warehouse needs it."""
        self.made.clear()

    async def take_away(self) -> bool:
        """End the transaction and drop what was made for it; return whether nothing of it is left.

        A session that waits for one of the tables, or that filled the schema meanwhile, keeps them.
        """
        tables = [name for name in self.made if name != _SCHEMA]
        if not self.made:
            return True
        locks = [f"lock {name} in access exclusive mode nowait" for name in tables]
        drops = [f"drop {name}" for name in reversed(self.made)]
        try:
            await self.connection.execute("rollback")
            await self.connection.execute(";\n".join(("begin", *locks, *drops, "commit")))
        except DRIVER_ERRORS:
            with suppress(*DRIVER_ERRORS):
                await self.connection.execute("rollback")
            return False
        self.made.clear()
        return True

    async def make(self, plan: RestorePlan, has_schema: bool) -> None:
        """Make the tables that are missing, and commit."""
        if not plan.target_facts.has_load_lock:
            await create_load_lock(self.connection)
            self.made += [_LOAD_LOCK] if has_schema else [_SCHEMA, _LOAD_LOCK]
        if plan.brings_backup_lock and not plan.target_facts.has_backup_lock:
            with suppress(asyncpg.DuplicateTableError):
                await self.connection.execute(sql("create_backup_lock", "tasks.backup"))
                self.made.append(_BACKUP_LOCK)


@asynccontextmanager
async def load_lock(plan: RestorePlan, settings: ConnectionSettings) -> AsyncIterator[RestoreLock | None]:
    """Hold the load lock of the target if the plan concerns a warehouse; yield None if it does not.

    Raises:
        WarehouseBusy: another session held the lock for longer than ``load_lock_timeout``.
    """
    if not plan.is_warehouse:
        yield None
        return
    lock, is_done = RestoreLock(await connect(settings)), False
    try:
        with driver_errors_mapped(settings):
            await lock.make(plan, "retail_ops" in plan.target_facts.schemas)
        async with locked_transaction(lock.connection, settings):
            yield lock
        is_done = True
    finally:
        try:
            if not is_done:  # also after a cancellation
                await lock.take_away()
        finally:
            if lock.connection.is_in_transaction():
                lock.connection.terminate()
            else:
                await close(lock.connection)
