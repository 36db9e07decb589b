"""Restore a whole backup: its definitions and grants in one transaction, then the rows, then keys and indexes.

Dropping, creating, handing over and granting commit together: until then the target is as it was, and nobody ever sees
a restored table with the privileges that the target's defaults gave away. The load lock is held by a connection of its
own, on a table that is neither dropped nor restored, until the schemas are at the newest revision.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, replace

import psutil

from tasks import progress
from tasks.backup.dump.tools import Tools
from tasks.backup.manifest import ArchiveObject, Manifest
from tasks.backup.restore.archive_reader import Archive, OpenArchive, in_memory
from tasks.backup.restore.archive_restore import ArchiveRestore, choose_restore_tools
from tasks.backup.restore.contents import Entry, parse_contents
from tasks.backup.restore.definitions import grant_at_end, restore_definitions, without_leakproof
from tasks.backup.restore.lock import RestoreLock, load_lock
from tasks.backup.restore.managed_rows import managed_refusals
from tasks.backup.restore.plan import RestorePlan, make_plan
from tasks.backup.restore.target import read_target, role_names, schema_names
from tasks.backup.restore.unmet_references import unmet_references
from tasks.errors import RestoreFailed, RetailError
from tasks.postgres.connect import ConnectionSettings, connected, driver_errors_mapped
from tasks.warehouse.migrate import upgrade_on

_UNTOUCHED = "as before."


@dataclass(frozen=True)
class RestoreRequest:
    """How a backup is restored.

    Attributes:
        confirmed: Name of the database whose objects may be dropped; empty for an empty one.
        jobs: Jobs side by side.
        memory_share: Share of the free memory that an archive may take; above it the archive is streamed without jobs.
        lock_seconds: Longest wait for locks of other sessions, in short attempts.
        make_roles: Create missing roles without login first, for a scratch database.
    """

    confirmed: str = ""
    jobs: int = 2
    memory_share: float = 0.25
    lock_seconds: float = 60.0
    make_roles: bool = False


@dataclass(frozen=True)
class RestoreSource:
    """A verified backup.

    Attributes:
        manifest: Its manifest.
        open_archive: Opens an archive, decrypted, by its name in the manifest; called in threads, several times.
        tools: The client programs of this machine.
        takes: Whether an entry of the main archive is restored at all.
    """

    manifest: Manifest
    open_archive: OpenArchive
    tools: Sequence[Tools]
    takes: Callable[[Entry], bool] = lambda entry: True

    @property
    def main(self) -> ArchiveObject:
        """The archive of everything but the rows of big tables."""
        (archive,) = (item for item in self.manifest.objects if not item.table and not item.managed)
        return archive


@dataclass(frozen=True)
class RestoreResult:
    """What a restore did.

    Attributes:
        plan: The plan that it followed.
        remarks: What is otherwise than in the backup, besides what the plan says.
        revision: Revision of the warehouse's schemas now; None for another database.
    """

    plan: RestorePlan
    remarks: tuple[str, ...]
    revision: str | None


async def plan_restore(source: RestoreSource, settings: ConnectionSettings) -> RestorePlan:
    """Plan a restore; nothing is written.

    Args:
        source: The backup.
        settings: The target.

    Raises:
        ToolMissing: no pg_restore here reads the archive.
        RestoreFailed: it cannot be listed.
    """
    catalogue = source.manifest.catalogue
    async with connected(settings) as connection:
        target = await read_target(connection, catalogue)
        managed = await unmet_references(connection, source.manifest)
        managed += await managed_refusals(connection, source.manifest) if target.is_supabase else []
    restore = _archive_restore(source, settings, target.major)
    text = await restore.contents(Archive(source.main.name, source.open_archive))
    contents = parse_contents(text, schema_names(catalogue), role_names(catalogue))
    entries = [entry for entry in contents.entries if source.takes(entry)]
    plan = make_plan(source.manifest, entries, target, settings.display)
    return replace(plan, refusals=(*plan.refusals, *managed))


async def restore_database(
    source: RestoreSource, settings: ConnectionSettings, request: RestoreRequest
) -> RestoreResult:
    """Restore a whole backup into a database.

    Args:
        source: The backup, verified before.
        settings: The target, as the role that will own what it may own.
        request: How.

    Raises:
        RestoreRefused: it cannot succeed, or would drop what nobody confirmed; the target was not touched.
        WarehouseBusy: another session held the load lock or a table; the target was not touched.
        RestoreFailed: it broke off; the message says in which state the target is.
    """
    plan = await plan_restore(source, settings)
    plan.ensure_possible(request.confirmed)
    async with load_lock(plan, settings) as lock:
        if lock is not None:  # now nobody else changes the warehouse
            plan = await plan_restore(source, settings)
            plan.ensure_possible(request.confirmed)
        return await _Run(source, settings, request, plan, lock).run()


def _archive_restore(source: RestoreSource, settings: ConnectionSettings, major: int) -> ArchiveRestore:
    tools = choose_restore_tools(source.tools, source.manifest, major, needs_tls=not settings.is_loopback)
    return ArchiveRestore(tools, settings, major, str(source.manifest.id))


@dataclass
class _Run:
    """One restore, under the load lock if it concerns a warehouse."""

    source: RestoreSource
    settings: ConnectionSettings
    request: RestoreRequest
    plan: RestorePlan
    lock: RestoreLock | None
    state: str = _UNTOUCHED

    async def run(self) -> RestoreResult:
        try:
            return await self._run()
        except RetailError as error:
            if self.state == _UNTOUCHED and not isinstance(error, RestoreFailed):
                raise
            if self.lock is not None and not await self.lock.take_away():
                self.state = "as before, but for empty lock tables in retail_ops, which another session uses."
            # Also what a retry might heal: it would find a target that is not as it was.
            raise RestoreFailed(
                f"{error.what} State of the target: {self.state}",
                self._next_step(),
                backup=self.plan.backup,
                target=self.plan.target,
            ) from None

    async def _run(self) -> RestoreResult:
        archives = self.source.manifest.objects
        restore = _archive_restore(self.source, self.settings, self.plan.target_facts.major)
        use_list = self.plan.entries.use_list()
        async with AsyncExitStack() as stack:
            main = await stack.enter_async_context(self._in_memory())
            progress.report("restore.definitions", f"{len(self.plan.entries.taken)} entries")
            script = await restore.definitions(main, use_list)
            if not self.plan.target_facts.is_superuser:
                script = without_leakproof(script)
            remarks = await restore_definitions(
                script,
                self.source.manifest,
                self.plan,
                self.settings,
                self.request,
                self._backups_kept_out_by(),
            )
            if self.lock is not None:
                self.lock.keep_tables()
            self.state = "its tables are there without keys; not all of their rows."
            if self.lock is not None:
                with driver_errors_mapped(self.settings):
                    await self.lock.taken_over()
            await self._restore_rows(restore, main, use_list, archives)
            self.state = "all rows are there; keys, indexes and policies are not complete."
            progress.report("restore.keys")
            await self._restore_keys(restore, main)
        self.state = "everything is restored but the last grants."
        remarks += await self._grant_at_end()
        revision = await self._upgrade()
        progress.report("restore.done", self.plan.backup)
        return RestoreResult(self.plan, tuple(dict.fromkeys(remarks)), revision)

    async def _restore_keys(self, restore: ArchiveRestore, main: Archive) -> None:
        """Build indexes side by side, and the rest one after the other.

        Where tables have partitions, jobs of pg_restore that add keys, attach indexes and build others deadlock at times.
        """
        entries, jobs = self.plan.entries, self.request.jobs
        if main.handle is None or jobs == 1:  # a stream is read once
            await restore.restore(main, "post-data", entries.use_list())
            return
        side_by_side, others = entries.use_lists()
        await restore.restore(main, "post-data", side_by_side, jobs=jobs)
        await restore.restore(main, "post-data", others)

    def _in_memory(self) -> AbstractAsyncContextManager[Archive]:
        limit = int(psutil.virtual_memory().available * self.request.memory_share)
        main = self.source.main
        return in_memory(Archive(main.name, self.source.open_archive), main.plain_size, limit)

    def _backups_kept_out_by(self) -> RestoreLock | None:
        """What lets no backup read the half-restored tables; None where backups have no lock."""
        has_lock = self.plan.target_facts.has_backup_lock and not self.plan.drops_backup_lock
        return self.lock if has_lock else None

    async def _restore_rows(
        self, restore: ArchiveRestore, main: Archive, use_list: str, archives: Sequence[ArchiveObject]
    ) -> None:
        slots = asyncio.Semaphore(self.request.jobs)
        big = [archive for archive in archives if archive.table]
        done = 0

        async def restore_one(
            archive: Archive, entries: str | None, jobs: int = 1, as_replica: bool = False
        ) -> None:
            nonlocal done
            async with slots:
                await restore.restore(archive, "data", entries, jobs=jobs, as_replica=as_replica)
            done += 1
            progress.report("restore.rows", archive.name, done, len(archives))

        try:
            async with asyncio.TaskGroup() as group:
                for archive in big:
                    group.create_task(restore_one(Archive(archive.name, self.source.open_archive), None))
                group.create_task(restore_one(main, use_list, 1 if big else self.request.jobs))
        except BaseExceptionGroup as failures:  # the first one ended the others
            raise failures.exceptions[0] from None
        for archive in archives:
            if archive.managed:
                await restore_one(Archive(archive.name, self.source.open_archive), None, as_replica=True)

    async def _grant_at_end(self) -> list[str]:
        if self.lock is not None:
            with driver_errors_mapped(self.settings):
                return await grant_at_end(self.lock.connection, self.source.manifest, self.plan)
        async with connected(self.settings) as connection, connection.transaction():
            return await grant_at_end(connection, self.source.manifest, self.plan)

    async def _upgrade(self) -> str | None:
        warehouse = self.source.manifest.warehouse
        if warehouse is None or self.lock is None:
            return None
        if self.plan.upgrade_from is None:
            return warehouse.revision
        self.state = f"everything is restored, at revision {self.plan.upgrade_from}."
        return await upgrade_on(
            self.lock.connection, self.plan.upgrade_from, replace(self.settings, statement_timeout=0)
        )

    def _next_step(self) -> str:
        if self.state == _UNTOUCHED:
            return "Fix the cause and restore again."
        return (
            f"Fix the cause and restore again with --confirm {self.plan.database}, which drops what is there."
        )
