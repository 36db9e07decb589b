"""The flow ``retail_restore``: restore a backup, or prove that one can be restored."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import timedelta

from prefect.logging import get_run_logger

from blocks import lookup, settings_sources
from flows import state_hooks
from flows.backup_artifact import publish_lines
from flows.backup_outcome import BackupOutcome, recorded_outcome
from flows.checked_flow import BlockName, flow
from flows.chosen_backup import ChosenBackup, choose
from flows.direct_alert import Notice
from flows.lineage import begin_lineage, end_lineage, run_of
from flows.misspelled_settings import warn_of_misspelled
from flows.progress_artifact import reported_objects, run_id
from flows.proof import prove as prove_chosen
from flows.proof import warehouse_of_record
from flows.run_end import RunEnd
from tasks import progress
from tasks.backup.create import BackupRequest
from tasks.backup.listing import Proof
from tasks.backup.restore.restore import RestoreRequest
from tasks.backup.steps import (
    ensure_sound,
    make_backup,
    plan_of_restore,
    restore_all,
    restore_one_table,
)
from tasks.errors import RestoreRefused, SettingsError
from tasks.postgres.connect import ConnectionSettings
from tasks.report.lineage.other_flows import restore as restore_data
from tasks.report.lineage.targets import LineageTargets
from tasks.retries import RetryPolicy


@dataclass(frozen=True)
class RestoreReport:
    """What a restore did, or would do.

    Attributes:
        backup: Id of the backup.
        target: Address of the database, without the password.
        database: Name of the database, which ``confirm`` must be.
        table: The table that was restored alone; empty for the whole backup.
        done: Whether it was done; otherwise this is the plan.
        plan: The plan, a sentence each.
        remarks: What is otherwise than in the backup, besides what the plan says.
        revision: Revision of the warehouse's schemas afterwards; None for another database or a plan.
        backup_before: Id of the backup that was made of the target before; empty if there was nothing to back up.
        seconds: Time it took.
    """

    backup: str
    target: str
    database: str
    table: str
    done: bool
    plan: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    revision: str | None = None
    backup_before: str = ""
    seconds: float = 0.0


@flow(
    name="retail-restore",
    timeout_seconds=settings_sources.execution_seconds(),
    persist_result=False,
    on_failure=[state_hooks.notify_failure],
    on_completion=[state_hooks.notify_completion],
    on_crashed=[state_hooks.notify_crash],
    on_cancellation=[state_hooks.notify_cancellation],
)
async def retail_restore(
    backup: str = "",
    last_good: bool = False,
    run: str = "",
    table: str = "",
    beside: str = "",
    prove: bool = False,
    server: BlockName = "",
    confirm: str = "",
    warehouse: BlockName = "",
    vault: BlockName = "",
    alerts: BlockName = "",
) -> RestoreReport | Proof:
    """Restore a backup into the database; without ``confirm`` only show the plan. Or prove that it can be restored.

    Args:
        backup: Id of the backup, or its beginning. Empty, with nothing else that chooses: the newest full one.
        last_good: Choose the newest backup of which the newest completed run reached its quality threshold.
        run: Choose the newest backup that holds this run.
        table: Restore this table alone, as SCHEMA.TABLE; for a full backup.
        beside: With a table: name that the restored table gets beside the live one, which stays as it is.
        prove: Restore into a scratch database instead, compare everything with the backup, and drop it.
        server: With prove: name of a SupabaseWarehouse block whose server makes the scratch database. Empty: the
            server of RETAIL_PROOF_SERVER, else one that is made for the proof on this machine.
        confirm: Name of the database; restores into it. Empty is a dry run.
        warehouse: Name of a SupabaseWarehouse block. Empty: RETAIL_WAREHOUSE, else DATABASE_URL, else the embedded
            Postgres.
        vault: Name of a BackupVault block. Empty: RETAIL_VAULT.
        alerts: Name of an Alerts block. Empty: RETAIL_ALERTS, else the channels in the environment.

    Returns:
        What was done or would be, or the proof.

    Raises:
        SettingsError: a block or a key is missing, or parameters contradict each other.
        BackupMissing: the vault holds no such backup.
        BackupDamaged: an object is not what was written; the target was not touched.
        BackupUnproven: the restored copy differs, or something could not be checked. Attribute: ``findings``.
        RestoreRefused: the restore would do harm or cannot succeed; the target was not touched.
        RestoreFailed: it broke off; the message says in which state the target is.
    """
    progress.report("flow.began")
    resolved = settings_sources.resolve()
    warn_of_misspelled(resolved)
    ensure_consistent(backup, last_good, run, table, beside, prove, confirm)
    async with (
        RunEnd(Notice("retail-restore", "default", alerts, prove or bool(confirm))) as end,
        recorded_outcome("retail-restore") as outcome,
    ):
        chosen = await choose(vault, resolved, backup, last_good, run)
        outcome.backup = chosen.backup.id
        if prove:
            return await _prove(chosen, server, warehouse, end, outcome)
        return await _restore(chosen, warehouse, (table, beside, confirm), end, outcome)


def ensure_consistent(
    backup: str, last_good: bool, run: str, table: str, beside: str, prove: bool, confirm: str
) -> None:
    """Raise SettingsError for parameters of ``retail_restore`` that contradict each other."""
    choices = [name for name, value in (("backup", backup), ("last_good", last_good), ("run", run)) if value]
    if len(choices) > 1:
        raise SettingsError(
            f"{' and '.join(choices)}: both choose a backup.", "Give one of them.", setting=choices[1]
        )
    if beside and not table:
        raise SettingsError(
            "beside: it names the copy of a table, and no table is given.",
            "Give the table as well.",
            setting="beside",
        )
    if prove and (confirm or table):
        raise SettingsError(
            "prove: a proof restores a whole backup into a scratch database and takes neither a table nor a "
            "confirmation.",
            "Leave them out.",
            setting="prove",
        )


async def _prove(
    chosen: ChosenBackup, server: str, warehouse: str, end: RunEnd, outcome: BackupOutcome
) -> Proof:
    proof_server = await lookup.proof_server(server, chosen.resolved)
    outcome.warehouse = await warehouse_of_record(warehouse, chosen)
    proof = await prove_chosen(chosen, proof_server, outcome.warehouse)
    end.recorded, outcome.report = True, proof
    return proof


async def _restore(
    chosen: ChosenBackup, warehouse: str, wanted: tuple[str, str, str], end: RunEnd, outcome: BackupOutcome
) -> RestoreReport:
    """Plan or do the restore of (table, beside, confirm), and tell lineage what was restored."""
    table, beside, confirm = wanted
    end.warehouse = outcome.warehouse = address = await lookup.warehouse_settings(warehouse, chosen.resolved)
    # A plan reads no data and writes none.
    targets = chosen.resolved.settings.lineage_targets if confirm else LineageTargets()
    end.lineage = lineage = await begin_lineage(
        targets, "retail-restore", "default", run_of({"backup": chosen.backup.id, "table": table})
    )
    async with reported_objects(run_id(), "retail-restore-progress", "Archives"):
        report = await _planned_and_done(chosen, address, wanted)
    end.recorded, outcome.report = True, report
    vault = chosen.access.vault.display
    await end_lineage(lineage, restore_data(address, beside or table, vault, chosen.backup.id))
    return report


async def _planned_and_done(
    chosen: ChosenBackup, address: ConnectionSettings, wanted: tuple[str, str, str]
) -> RestoreReport:
    started = time.monotonic()
    table, beside, confirm = wanted
    backup, access, retry = chosen.backup, chosen.access, chosen.retry
    if confirm:
        if confirm != address.database:
            raise RestoreRefused(
                f"the confirmation names {confirm}, but the target is {address.database}.",
                f"Check the address, then confirm {address.database}.",
                backup=backup.id,
            )
        await retry.apply(ensure_sound)(backup.id, access, backup)
    plan = await retry.apply(plan_of_restore)(address.database, access, backup, address, table, beside)
    report = RestoreReport(backup.id, address.display, address.database, table, False, plan.lines)
    await publish_lines("retail-restore-plan", f"Restore of {backup.id} into {address.database}", plan.lines)
    if not confirm:
        return report
    plan.ensure_possible(confirm)
    before = await _back_up_before(chosen, address) if plan.replaces_data else ""
    once = RetryPolicy(0)  # a restore that broke off is looked at by a person first
    if table:
        remarks, revision = await once.apply(restore_one_table)(
            table, access, backup, address, table, beside, confirm
        )
    else:
        share = chosen.resolved.settings.retail_restore_memory_share
        remarks, revision = await once.apply(restore_all)(
            address.database, access, backup, address, RestoreRequest(confirm, memory_share=share)
        )
    return replace(
        report,
        done=True,
        remarks=remarks,
        revision=revision,
        backup_before=before,
        seconds=round(time.monotonic() - started, 2),
    )


async def _back_up_before(chosen: ChosenBackup, address: ConnectionSettings) -> str:
    """Back up what the restore replaces, and return the backup's id."""
    access, settings = chosen.access, chosen.resolved.settings
    request = BackupRequest(
        access.recipients, access.manifest_key, (), (), settings.retail_backup_table_mb * 1024**2
    )
    grace = timedelta(hours=settings.retail_backup_grace_hours)
    made = await chosen.retry.apply(make_backup)(
        f"{address.database} before", address, access.vault, request, access.tools_folder, grace
    )
    get_run_logger().info("What is there was backed up before: %s", made.manifest.id)
    return str(made.manifest.id)
