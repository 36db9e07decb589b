"""The flow ``retail_backup``: back a database up into a vault, encrypted."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from prefect.logging import get_run_logger

from blocks import lookup, settings_sources
from blocks.settings_sources import Settings
from flows import state_hooks
from flows.backup_artifact import publish_backup
from flows.backup_outcome import recorded_outcome
from flows.checked_flow import BlockName, flow
from flows.direct_alert import Notice
from flows.lineage import begin_lineage, end_lineage, run_of
from flows.misspelled_settings import warn_of_misspelled
from flows.progress_artifact import reported_objects, run_id
from flows.run_end import RunEnd
from tasks import progress
from tasks.backup.create import BackupRequest, CreatedBackup
from tasks.backup.steps import make_backup, record_in_warehouse
from tasks.backup.vault.open import VaultAccess
from tasks.postgres.connect import ConnectionSettings
from tasks.report.lineage.other_flows import backup
from tasks.retries import RetryPolicy


@dataclass(frozen=True)
class BackupReport:
    """A backup that was made.

    Attributes:
        id: Its id, the name of its folder in the vault.
        kind: ``full`` or ``table``.
        tables: The tables of a backup of single tables.
        vault: Address of the vault, without credentials.
        created_at: When its snapshot was taken, ISO 8601 with time zone.
        finished_at: When its manifest was written.
        size_bytes: Bytes of its archives in the vault.
        objects: Number of its archives.
        rows: Rows of all its tables.
        run: The newest completed run whose data it holds; None without one.
        quality_score: Score of that run.
        compression: ``zstd`` or ``gzip``.
        not_restorable: What it cannot bring back, a sentence each.
        recorded: Whether ``retail_ops.backup`` has it too.
        made_key: Path of the key of the manifests, if this run made it; else empty.
        seconds: Time it took.
    """

    id: str
    kind: str
    tables: tuple[str, ...]
    vault: str
    created_at: str
    finished_at: str
    size_bytes: int
    objects: int
    rows: int
    run: str | None
    quality_score: float | None
    compression: str
    not_restorable: tuple[str, ...]
    recorded: bool
    made_key: str
    seconds: float


@flow(
    name="retail-backup",
    timeout_seconds=settings_sources.execution_seconds(),
    persist_result=False,
    on_failure=[state_hooks.notify_failure],
    on_completion=[state_hooks.notify_completion],
    on_crashed=[state_hooks.notify_crash],
    on_cancellation=[state_hooks.notify_cancellation],
)
async def retail_backup(
    tables: list[str] = [],  # noqa: B006 - a default that Prefect's form can show
    include: list[Literal["auth", "storage"]] = [],  # noqa: B006 - as above
    warehouse: BlockName = "",
    vault: BlockName = "",
    alerts: BlockName = "",
) -> BackupReport:
    """Back up a database, or some of its tables, into a vault.

    Args:
        tables: Tables as SCHEMA.TABLE, quoted as in SQL. Empty: the whole database.
        include: Managed schemas of Supabase whose rows are backed up too.
        warehouse: Name of a SupabaseWarehouse block. Empty: RETAIL_WAREHOUSE, else DATABASE_URL, else the embedded
            Postgres.
        vault: Name of a BackupVault block. Empty: RETAIL_VAULT.
        alerts: Name of an Alerts block. Empty: RETAIL_ALERTS, else the channels in the environment.

    Returns:
        What was backed up; nothing counts as a backup before.

    Raises:
        SettingsError: a block or a key is missing, or a table does not exist.
        ToolMissing: no pg_dump on this machine fits the server.
        RightsMissing: the role may not read every row.
        BackupFailed: the dump failed; the vault holds no new backup.
        VaultError, VaultUnreachable: the vault does not take it.
    """
    progress.report("flow.began")
    started = time.monotonic()
    resolved = settings_sources.resolve()
    warn_of_misspelled(resolved)
    settings = resolved.settings
    async with (
        RunEnd(Notice("retail-backup", "default", alerts)) as end,
        recorded_outcome("retail-backup") as outcome,
    ):
        end.lineage = lineage = await begin_lineage(
            settings.lineage_targets,
            "retail-backup",
            "default",
            run_of({"tables": tables, "include": include}),
        )
        end.warehouse = outcome.warehouse = address = await lookup.warehouse_settings(warehouse, resolved)
        access = await lookup.vault_settings(vault, resolved)
        report = await _back_up(address, access, settings, (tables, include), started)
        outcome.backup, outcome.report = report.id, report
        await publish_backup(report)
        end.recorded = True
        await end_lineage(
            lineage, backup(address, report.tables, report.vault, report.id, report.rows, report.size_bytes)
        )
    return report


async def _back_up(
    address: ConnectionSettings,
    access: VaultAccess,
    settings: Settings,
    wanted: tuple[list[str], list[Literal["auth", "storage"]]],
    started: float,
) -> BackupReport:
    """Make the backup of the wanted tables and managed schemas, and record it in the warehouse."""
    if access.made_key:
        get_run_logger().info("A key for the manifests was made: keep a copy of %s.", access.made_key)
    tables, include = wanted
    request = BackupRequest(
        access.recipients,
        access.manifest_key_bytes,
        tuple(tables),
        tuple(include),
        settings.retail_backup_table_mb * 1024**2,
    )
    retry = RetryPolicy(settings.pipeline_default_retries)
    async with reported_objects(run_id(), "retail-backup-progress", "Archives and rows"):
        created = await retry.apply(make_backup)(
            address.database,
            address,
            access.settings,
            request,
            settings.retail_postgres_bin,
            timedelta(hours=settings.retail_backup_grace_hours),
        )
    display = access.settings.display
    unrecorded = await retry.apply(record_in_warehouse)("in retail_ops", address, created, display)
    if unrecorded:
        get_run_logger().info("The backup is recorded in the vault alone: %s.", unrecorded)
    return _report(created, display, not unrecorded, access.made_key, time.monotonic() - started)


def _report(
    created: CreatedBackup, vault: str, recorded: bool, made_key: str, seconds: float
) -> BackupReport:
    manifest = created.manifest
    state = manifest.warehouse
    return BackupReport(
        id=str(manifest.id),
        kind=manifest.kind,
        tables=manifest.tables,
        vault=vault,
        created_at=_text(manifest.created_at),
        finished_at=_text(manifest.finished_at),
        size_bytes=manifest.size,
        objects=len(manifest.objects),
        rows=sum(table.rows for table in manifest.rows),
        run=state.run if state else None,
        quality_score=state.quality_score if state else None,
        compression=manifest.compression,
        not_restorable=manifest.not_restorable,
        recorded=recorded,
        made_key=made_key,
        seconds=round(seconds, 2),
    )


def _text(time_: datetime) -> str:
    return time_.isoformat(timespec="seconds")
