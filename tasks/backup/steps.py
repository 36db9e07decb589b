"""Prefect tasks of the backup stage."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from tasks.backup.access import BackupAccess
from tasks.backup.create import BackupRequest, CreatedBackup, create_backup
from tasks.backup.dump.tools import find_tools
from tasks.backup.leftovers import clean_leftovers
from tasks.backup.listing import (
    Backup,
    Proof,
    find_backup,
    holding_run,
    last_good,
    list_backups,
    newest_full,
    save_proof,
)
from tasks.backup.proof.proof import prove_backup
from tasks.backup.records import record_backup, record_proof, record_restored
from tasks.backup.restore.decrypted import DecryptedArchives
from tasks.backup.restore.plan import RestorePlan
from tasks.backup.restore.restore import RestoreRequest, RestoreSource, plan_restore, restore_database
from tasks.backup.table.restore import TableRestorePlan, plan_table_restore, restore_table
from tasks.backup.vault.open import VaultSettings, open_vault
from tasks.backup.verify import Verification, verify_backup
from tasks.errors import BackupDamaged, RetailError
from tasks.postgres.connect import ConnectionSettings
from tasks.retries import step


@step("back up", "backup", timeout_seconds=12 * 3600)
async def make_backup(
    label: str,
    warehouse: ConnectionSettings,
    vault: VaultSettings,
    request: BackupRequest,
    tools_folder: str,
    grace: timedelta,
) -> CreatedBackup:
    """Make a backup, and clean up after broken ones; see ``tasks.backup.create.create_backup``."""
    opened = await asyncio.to_thread(open_vault, vault)
    created = await create_backup(warehouse, opened, await find_tools(tools_folder), request)
    await asyncio.to_thread(clean_leftovers, opened, grace)
    return created


@step("record backup", "backup", timeout_seconds=300)
async def record_in_warehouse(
    label: str, warehouse: ConnectionSettings, created: CreatedBackup, vault: str
) -> str:
    """Record a backup in ``retail_ops``; return why it is in the vault alone, empty if it is not."""
    return await record_backup(warehouse, created, vault)


@step("choose backup", "backup", timeout_seconds=600)
async def choose_backup(
    label: str, access: BackupAccess, backup: str, is_last_good: bool, run: str
) -> Backup:
    """Choose a backup: by its id, the last good one, the newest that holds a run, or else the newest full one."""
    vault = await asyncio.to_thread(open_vault, access.vault)
    if backup:
        return await asyncio.to_thread(find_backup, vault, access.manifest_key, backup)
    backups = await asyncio.to_thread(list_backups, vault, access.manifest_key)
    if is_last_good:
        return last_good(backups, vault.display)
    return holding_run(backups, run, vault.display) if run else newest_full(backups, vault.display)


@step("verify backup", "backup", timeout_seconds=12 * 3600)
async def ensure_sound(label: str, access: BackupAccess, backup: Backup) -> None:
    """Read every object of a backup. Raises BackupDamaged with what is wrong."""
    vault = await asyncio.to_thread(open_vault, access.vault)
    verified = await verify_backup(vault, backup, access.identities(), await find_tools(access.tools_folder))
    if verified.findings:
        raise BackupDamaged(
            "\n".join(("it is damaged:", *verified.findings)),
            "The target was not touched. Take another backup: retail backups.",
            backup=backup.id,
            findings=verified.findings,
        )


@step("verify backup", "backup", timeout_seconds=12 * 3600)
async def read_every_object(label: str, access: BackupAccess, backup: Backup) -> Verification:
    """Read every object of a backup; without an identity only its hashes are checked."""
    vault = await asyncio.to_thread(open_vault, access.vault)
    identities = access.identities() if access.identity else None
    return await verify_backup(vault, backup, identities, await find_tools(access.tools_folder))


@dataclass(frozen=True)
class PlannedRestore:
    """The plan of a restore, as sentences, and whether it replaces data that is backed up before."""

    lines: tuple[str, ...]
    replaces_data: bool
    plan: RestorePlan | TableRestorePlan

    def ensure_possible(self, confirmed: str) -> None:
        """Raise RestoreRefused if it cannot succeed, or was not confirmed for this database."""
        self.plan.ensure_possible(confirmed)


@step("plan restore", "backup", timeout_seconds=600)
async def plan_of_restore(
    label: str, access: BackupAccess, backup: Backup, target: ConnectionSettings, table: str, beside: str
) -> PlannedRestore:
    """Plan the restore of a backup or of a table in it; nothing is written."""
    source = await _source(access, backup)
    if table:
        of_table = await plan_table_restore(source, target, table, beside)
        return PlannedRestore(tuple(of_table.lines()), of_table.replaces_data, of_table)
    plan = await plan_restore(source, target)
    return PlannedRestore(tuple(plan.lines()), plan.needs_confirmation, plan)


@step("restore", "backup", timeout_seconds=12 * 3600)
async def restore_all(
    label: str, access: BackupAccess, backup: Backup, target: ConnectionSettings, request: RestoreRequest
) -> tuple[tuple[str, ...], str | None]:
    """Restore a backup; return what is otherwise than in it, and the warehouse's revision."""
    result = await restore_database(await _source(access, backup), target, request)
    if result.revision is None:
        return result.remarks, None
    # The next run names the newest backup in retail_ops, where only older ones came back.
    try:
        vault = await asyncio.to_thread(open_vault, access.vault)
        problem = await record_restored(target, vault, backup.readable())
    except RetailError as error:  # it is restored: a retry would drop and restore it again
        problem = error.what.removesuffix(".")
    remarks = (f"This backup is not recorded in retail_ops.backup: {problem}.",) if problem else ()
    return (*result.remarks, *remarks), result.revision


@step("restore table", "backup", timeout_seconds=12 * 3600)
async def restore_one_table(
    label: str,
    access: BackupAccess,
    backup: Backup,
    target: ConnectionSettings,
    table: str,
    beside: str,
    confirm: str,
) -> tuple[tuple[str, ...], str | None]:
    """Restore a table out of a backup; return what is otherwise than in it, and the warehouse's revision."""
    result = await restore_table(await _source(access, backup), target, table, beside, confirm)
    return result.remarks, result.revision


@step("prove", "backup", timeout_seconds=12 * 3600)
async def prove_in_scratch_database(
    label: str, access: BackupAccess, backup: Backup, server: ConnectionSettings | None
) -> Proof:
    """Restore a backup into a scratch database, compare everything, and save the proof in the vault."""
    vault = await asyncio.to_thread(open_vault, access.vault)
    tools = await find_tools(access.tools_folder)
    proof = await prove_backup(vault, backup, access.identities(), tools, server=server)
    await asyncio.to_thread(save_proof, vault, access.manifest_key, proof)
    return proof


@step("record proof", "backup", timeout_seconds=300)
async def record_proof_in_warehouse(
    label: str, warehouse: ConnectionSettings, proof: Proof, vault: str
) -> str:
    """Record a proof in ``retail_ops``; return why it is in the vault alone, empty if it is not."""
    return await record_proof(warehouse, proof, vault)


async def _source(access: BackupAccess, backup: Backup) -> RestoreSource:
    vault = await asyncio.to_thread(open_vault, access.vault)
    manifest = backup.readable()
    archives = DecryptedArchives(vault, manifest, access.identities())
    return RestoreSource(manifest, archives, await find_tools(access.tools_folder))
