"""Prove that a chosen backup can be restored, and record the proof."""

from __future__ import annotations

import asyncio

from prefect.logging import get_run_logger

from blocks import lookup
from flows.backup_artifact import publish_lines
from flows.chosen_backup import ChosenBackup
from flows.progress_artifact import reported_objects, run_id
from tasks.backup.listing import Proof
from tasks.backup.steps import prove_in_scratch_database, record_proof_in_warehouse
from tasks.errors import BackupUnproven, RetailError
from tasks.postgres.connect import ConnectionSettings


async def warehouse_of_record(warehouse: str, chosen: ChosenBackup) -> ConnectionSettings | None:
    """Return the warehouse that records the proof; a machine that only proves has none, and gets none for it."""
    if await asyncio.to_thread(lookup.has_warehouse, warehouse, chosen.resolved):
        return await lookup.warehouse_settings(warehouse, chosen.resolved)
    return None


async def prove(
    chosen: ChosenBackup, server: ConnectionSettings | None, warehouse: ConnectionSettings | None
) -> Proof:
    """Restore the backup into a scratch database, compare everything, and record and publish the outcome.

    Raises:
        BackupUnproven: the restored copy differs, or something could not be checked.
    """
    async with reported_objects(run_id(), "retail-restore-progress", "Archives"):
        proof = await chosen.retry.apply(prove_in_scratch_database)(
            chosen.backup.id, chosen.access, chosen.backup, server
        )
        await _record(chosen, proof, warehouse)
        title = f"Backup {proof.backup_id}: {proof.outcome}"
        await publish_lines("retail-proof", title, proof.findings or ("Everything is as it was backed up.",))
        _ensure_passed(proof, chosen)
    return proof


async def _record(chosen: ChosenBackup, proof: Proof, warehouse: ConnectionSettings | None) -> None:
    unrecorded = "" if warehouse is not None else "no warehouse is set here."
    try:
        if warehouse is not None:
            unrecorded = await chosen.retry.apply(record_proof_in_warehouse)(
                "in retail_ops", warehouse, proof, chosen.access.vault.address
            )
    except RetailError as error:
        # The vault has the proof; the database may be what is lost.
        unrecorded = str(error)
    if unrecorded:
        get_run_logger().info("The proof is recorded in the vault alone: %s", unrecorded)


def _ensure_passed(proof: Proof, chosen: ChosenBackup) -> None:
    if proof.outcome == "passed":
        return
    what = "differs from what was backed up" if proof.outcome == "failed" else "could not be checked in full"
    raise BackupUnproven(
        "\n".join((f"the restored copy {what}:", *proof.findings)),
        "Make a new backup and prove it, and keep the older proven ones."
        if proof.outcome == "failed"
        else "Prove it on a server that has what is missing: retail prove ID --server URL.",
        backup=chosen.backup.id,
        findings=proof.findings,
        proof=proof,
    )
