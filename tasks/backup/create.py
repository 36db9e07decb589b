"""Make a backup: hold a snapshot, dump and fingerprint in it, and write the manifest when all is in the vault.

pg_dump is not of one time even in a snapshot: names of indexes, bodies of functions and values of sequences are
today's. So the catalogue is hashed before and, if a transaction committed meanwhile, after; if it changed, the backup
is made again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Literal, cast
from uuid import UUID, uuid4

from tasks import progress
from tasks.backup.catalogue.catalogue import Catalogue, catalogue_hash, read_catalogue
from tasks.backup.catalogue.database import DatabaseFacts, read_database
from tasks.backup.catalogue.differences import differences
from tasks.backup.catalogue.fingerprints import RULE, count_rows
from tasks.backup.catalogue.scope import Scope, excluded_schemas, find_tables, with_partitions
from tasks.backup.dump.archive import ArchiveWriter
from tasks.backup.dump.archives import dump_archives, first_error_raised, select_archives
from tasks.backup.dump.holder import (
    Holder,
    has_committed_since,
    holding_snapshot,
    patiently_connected,
    some,
)
from tasks.backup.dump.tools import Tools, choose_tools
from tasks.backup.keys.encryption import Recipients, parse_recipients
from tasks.backup.manifest import MANIFEST, ArchiveObject, Manifest, TableRows, WarehouseState, write_manifest
from tasks.backup.vault.store import Vault
from tasks.backup.warehouse_state import read_warehouse_state
from tasks.errors import BackupFailed, RetailError
from tasks.postgres.connect import ConnectionSettings, connected

_ATTEMPTS = 3
_IDLE_SECONDS = 60.0
# The dumps take longer than the counting of rows, and need the cores of a small server more.
_FEW_WORKERS = (
    "select set_config('max_parallel_workers_per_gather', "
    "least(current_setting('max_parallel_workers_per_gather')::int, 1)::text, true)"
)
BIG_TABLE_BYTES = 32 * 1024**2


@dataclass(frozen=True)
class BackupRequest:
    """What is backed up, and how.

    Attributes:
        recipients: Public keys of age.
        manifest_key: Key that authenticates the manifest; None for a manifest that is not authenticated.
        tables: Qualified names, for a backup of these tables alone; empty for the whole database.
        included: Managed schemas whose rows are wanted too: ``auth``, ``storage``.
        big_table_bytes: A table above this size gets an archive of its own.
        jobs: Archives that are written side by side.
    """

    recipients: tuple[str, ...]
    manifest_key: bytes | None = None
    tables: tuple[str, ...] = ()
    included: tuple[str, ...] = ()
    big_table_bytes: int = BIG_TABLE_BYTES
    jobs: int = 2


@dataclass(frozen=True)
class CreatedBackup:
    """A backup in the vault: its manifest, and the SHA-256 of the manifest as written."""

    manifest: Manifest
    manifest_sha256: str


async def create_backup(
    settings: ConnectionSettings, vault: Vault, tools: Sequence[Tools], request: BackupRequest
) -> CreatedBackup:
    """Back up a database into a vault.

    Args:
        settings: The database.
        vault: The vault.
        tools: The client programs of this machine.
        request: What is backed up, and how.

    Raises:
        ToolMissing: no pg_dump fits the server.
        RightsMissing: the role may not read every row.
        SettingsError: a table does not exist, or a key is not one.
        BackupFailed: pg_dump failed, the snapshot was lost, or the schema changed in each of three attempts.
        VaultError, VaultUnreachable: the vault does not take the backup.
    """
    recipients = parse_recipients(request.recipients)
    changes: list[str] = []
    for _ in range(_ATTEMPTS):
        attempt = _Attempt(uuid4(), settings, vault, tools, request, recipients)
        created: CreatedBackup | list[str] = []
        try:
            created = await attempt.run()
        finally:  # also after a cancellation
            if not isinstance(created, CreatedBackup):
                await attempt.clean_up()
        if isinstance(created, CreatedBackup):
            return created
        changes = created
        progress.report("backup.repeated", f"the schema changed meanwhile: {some(changes)}")
    raise BackupFailed(
        f"the schema changed during each of {_ATTEMPTS} attempts: {some(changes)}.",
        "Back up when no schema changes run.",
        warehouse=settings.display,
    )


@dataclass(frozen=True)
class _Seen:
    """What is known of the snapshot beside its archives, and the catalogue after they were written."""

    database: DatabaseFacts
    warehouse: WarehouseState | None
    rows: tuple[TableRows, ...]
    catalogue: Catalogue
    catalogue_after: Catalogue


@dataclass(frozen=True)
class _Attempt:
    """One attempt at a backup, under an id of its own."""

    id: UUID
    settings: ConnectionSettings
    vault: Vault
    tools: Sequence[Tools]
    request: BackupRequest
    recipients: Recipients

    async def run(self) -> CreatedBackup | list[str]:
        """Make the backup; return what changed in the schema meanwhile, if something did."""
        async with patiently_connected(self.settings) as connection:
            managed = await excluded_schemas(connection)
            # Elsewhere a schema of that name is one like any other.
            included = tuple(name for name in self.request.included if name in managed)
            tables: tuple[str, ...] = ()
            dumped: tuple[str, ...] = ()
            if self.request.tables:
                tables = await find_tables(connection, self.request.tables)
                dumped = await with_partitions(connection, tables)
            scope = Scope(included, tables)
            left_out = tuple(name for name in managed if name not in included)
            async with holding_snapshot(connection, self.settings, left_out, dumped) as holder:
                writer = self._writer(holder.server_version // 10_000)
                archives, seen = await _unless_lost(holder, self._dump(writer, holder, scope, managed))
        catalogue, sha256 = seen.catalogue, catalogue_hash(seen.catalogue)
        if catalogue_hash(seen.catalogue_after) != sha256:
            majors = (holder.server_version // 10_000,) * 2
            return differences(catalogue, seen.catalogue_after, majors=majors, restored=False) or [
                "in a way that leaves no trace"
            ]
        manifest = Manifest(
            id=self.id,
            kind="table" if scope.tables else "full",
            tables=scope.tables,
            created_at=holder.created_at,
            finished_at=datetime.now(UTC),
            database=self.settings.database,
            warehouse_address=self.settings.display,
            server_version=holder.server_version,
            tool_version=writer.tools.major,
            compression=cast(Literal["zstd", "gzip"], writer.compression),
            snapshot=holder.snapshot,
            locale=seen.database.locale,
            included=included,
            excluded_schemas=left_out,
            not_restorable=seen.database.not_restorable,
            catalogue=catalogue,
            catalogue_sha256=sha256,
            fingerprint_rule=RULE,
            rows=seen.rows,
            objects=archives,
            warehouse=seen.warehouse,
            package_version=version("prefect-retail"),
        )
        data = write_manifest(manifest, self.request.manifest_key)
        await asyncio.to_thread(self.vault.put, f"{self.id}/{MANIFEST}", data)
        progress.report("backup.done", str(self.id), manifest.size)
        return CreatedBackup(manifest, hashlib.sha256(data).hexdigest())

    async def clean_up(self) -> None:
        """Delete what a failed attempt left; what cannot be deleted now goes after the grace time."""
        with suppress(RetailError):
            await asyncio.shield(asyncio.to_thread(self._delete))

    def _delete(self) -> None:
        for found in self.vault.objects(f"{self.id}/"):
            self.vault.delete(found.name)

    def _writer(self, major: int) -> ArchiveWriter:
        chosen = choose_tools(self.tools, major, needs_tls=not self.settings.is_loopback)
        compression = "zstd" if chosen.supports_zstd else "gzip"
        return ArchiveWriter(str(self.id), self.settings, chosen, compression, self.vault, self.recipients)

    async def _dump(
        self, writer: ArchiveWriter, holder: Holder, scope: Scope, managed: Sequence[str]
    ) -> tuple[tuple[ArchiveObject, ...], _Seen]:
        async with first_error_raised(), asyncio.TaskGroup() as group:
            # No dump begins before the catalogue is read, so that a change after that is found. The rows can be counted.
            reading = group.create_task(read_catalogue(holder.connection, scope))
            dumping = group.create_task(self._archive(writer, holder, scope, managed, reading))
            looking = group.create_task(self._look(holder, scope, reading, dumping))
        return dumping.result(), looking.result()

    async def _archive(
        self,
        writer: ArchiveWriter,
        holder: Holder,
        scope: Scope,
        managed: Sequence[str],
        reading: asyncio.Task[Catalogue],
    ) -> tuple[ArchiveObject, ...]:
        selections = select_archives(holder.tables, scope, managed, self.request.big_table_bytes)
        await reading
        return await dump_archives(writer, holder, selections, self.request.jobs)

    async def _look(
        self, holder: Holder, scope: Scope, reading: asyncio.Task[Catalogue], dumping: asyncio.Task[Any]
    ) -> _Seen:
        """Ask on a connection of its own, beside the holder's, which reads the catalogue."""
        async with AsyncExitStack() as stack:
            settings = replace(self.settings, statement_timeout=0)
            connection = await stack.enter_async_context(connected(settings))
            await connection.execute(
                "begin isolation level repeatable read read only; "
                f"set transaction snapshot '{holder.snapshot}'; {_FEW_WORKERS}"
            )
            warehouse = await read_warehouse_state(connection)
            rows = await count_rows(connection, scope)
            catalogue = await reading
            database = await read_database(connection, catalogue, scope)
            await connection.execute("rollback")
            progress.report("backup.fingerprints", f"{sum(table.rows for table in rows):,} rows")
            _, is_long = await asyncio.wait({dumping}, timeout=_IDLE_SECONDS)
            if is_long:  # something on the way may forget an idle connection
                await stack.aclose()
                await asyncio.wait({dumping})
                connection = await stack.enter_async_context(connected(settings))
            # Outside of the snapshot it sees what is there now.
            is_unchanged = not await has_committed_since(connection, holder)
            after = catalogue if is_unchanged else await read_catalogue(connection, scope)
            return _Seen(database, warehouse, rows, catalogue, after)


async def _unless_lost(holder: Holder, work: Any) -> Any:
    """Await the work, and cancel it if the holder's connection ends."""
    working = asyncio.ensure_future(work)
    lost = asyncio.create_task(holder.lost.wait())
    try:
        await asyncio.wait({working, lost}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            working.cancel()
            await asyncio.wait({working})
            raise BackupFailed(
                "the connection that held the snapshot was lost, so that its tables were not protected any more.",
                "Back up again.",
            )
        return working.result()
    finally:
        lost.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait({working})
