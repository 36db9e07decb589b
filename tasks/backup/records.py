"""Backups and proofs in ``retail_ops``, for those who look there. The vault has all of it too, and decides."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from tasks.backup.create import CreatedBackup
from tasks.backup.listing import Proof
from tasks.backup.manifest import MANIFEST, Manifest
from tasks.backup.vault.store import Vault
from tasks.errors import ReadOnlyWarehouse, RightsMissing
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.queries import sql

_INSERT_PROOF = (
    "insert into retail_ops.backup_proof (proof_id, backup_id, vault, proved_at, outcome, findings) "
    "values ($1, $2, $3, $4, $5, $6) on conflict (proof_id) do nothing"
)


@dataclass(frozen=True)
class Operation:
    """How a run that makes, verifies, proves or restores a backup ended.

    Attributes:
        flow_run: Id of the flow run.
        flow: Name of the flow.
        backup: Id of the backup; empty if none was chosen.
        failure: Message of the error; empty for a completed run.
        report: Report of the flow, as values that JSON or ``str`` can show.
    """

    flow_run: UUID
    flow: str
    backup: str
    failure: str
    report: dict[str, Any]


async def record_backup(settings: ConnectionSettings, created: CreatedBackup, vault: str) -> str:
    """Record a backup in the database that it is of.

    Returns:
        Why it is recorded in the vault alone; empty if it is recorded here too. That is no failure: a database that is
        read-only, or no warehouse, is backed up as well.
    """
    manifest = created.manifest
    state = manifest.warehouse
    values = (
        manifest.id,
        manifest.kind,
        list(manifest.tables),
        vault,
        manifest.created_at,
        manifest.finished_at,
        manifest.size,
        len(manifest.objects),
        sum(table.rows for table in manifest.rows),
        UUID(state.run) if state and state.run else None,
        Decimal(str(state.quality_score)) if state and state.quality_score is not None else None,
        created.manifest_sha256,
    )
    return await _record(settings, sql("insert_backup", "tasks.backup"), values)


async def record_restored(settings: ConnectionSettings, vault: Vault, manifest: Manifest) -> str:
    """Record a backup in the database that it was restored into: a backup cannot hold its own record.

    Args:
        settings: The restored database.
        vault: The vault that holds the backup.
        manifest: Its manifest.

    Returns:
        As ``record_backup``.

    Raises:
        VaultError, VaultUnreachable: the manifest cannot be read again.
    """
    data = await asyncio.to_thread(vault.get, f"{manifest.id}/{MANIFEST}")
    return await record_backup(
        settings, CreatedBackup(manifest, hashlib.sha256(data).hexdigest()), vault.display
    )


async def record_proof(settings: ConnectionSettings, proof: Proof, vault: str) -> str:
    """Record a proof; see ``record_backup``."""
    values = (proof.proof_id, proof.backup_id, vault, proof.proved_at, proof.outcome, list(proof.findings))
    return await _record(settings, _INSERT_PROOF, values)


async def record_operation(settings: ConnectionSettings, operation: Operation) -> str:
    """Record how a run ended; see ``record_backup``."""
    values = (
        operation.flow_run,
        operation.flow,
        "failed" if operation.failure else "completed",
        operation.backup or None,
        operation.failure or None,
        json.dumps(operation.report, default=str),
    )
    return await _record(settings, sql("insert_operation", "tasks.backup"), values)


async def _record(settings: ConnectionSettings, statement: str, values: tuple[object, ...]) -> str:
    try:
        async with connected(settings) as connection:
            try:
                await connection.execute(statement, *values)
            except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
                return "the database has no such table in retail_ops (of this release)"
    except ReadOnlyWarehouse:
        return "the database is read-only"
    except RightsMissing:
        return "the role may not write to retail_ops"
    return ""
