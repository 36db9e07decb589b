"""The flow ``retail_verify``: read every object of a backup again."""

from __future__ import annotations

import asyncio

from blocks import lookup, settings_sources
from flows import state_hooks
from flows.backup_artifact import publish_lines
from flows.backup_outcome import recorded_outcome
from flows.checked_flow import BlockName, flow
from flows.direct_alert import Notice
from flows.misspelled_settings import warn_of_misspelled
from flows.progress_artifact import reported_objects, run_id
from flows.run_end import RunEnd
from tasks import progress
from tasks.backup.access import BackupAccess
from tasks.backup.steps import choose_backup, read_every_object
from tasks.backup.verify import Verification
from tasks.errors import BackupDamaged
from tasks.retries import RetryPolicy


@flow(
    name="retail-verify",
    timeout_seconds=settings_sources.execution_seconds(),
    persist_result=False,
    on_failure=[state_hooks.notify_failure],
    on_completion=[state_hooks.notify_completion],
    on_crashed=[state_hooks.notify_crash],
    on_cancellation=[state_hooks.notify_cancellation],
)
async def retail_verify(
    backup: str = "", warehouse: BlockName = "", vault: BlockName = "", alerts: BlockName = ""
) -> Verification:
    """Read every object of a backup again: its hash, its decryption, the archive to its end, its contents.

    Args:
        backup: Id of the backup, or its beginning. Empty: the newest full one.
        warehouse: Name of a SupabaseWarehouse block, where the outcome is recorded. Empty: RETAIL_WAREHOUSE, else
            DATABASE_URL, else the embedded Postgres if it has been used.
        vault: Name of a BackupVault block. Empty: RETAIL_VAULT.
        alerts: Name of an Alerts block. Empty: RETAIL_ALERTS, else the channels in the environment.

    Returns:
        What reading it showed; without RETAIL_VAULT_IDENTITY only hashes are checked.

    Raises:
        SettingsError: a block or a key is missing.
        BackupMissing: the vault holds no such backup.
        BackupDamaged: an object is not what was written. Attribute: ``findings``.
        VaultUnreachable: the vault gives no answer.
    """
    progress.report("flow.began")
    resolved = settings_sources.resolve()
    warn_of_misspelled(resolved)
    retry = RetryPolicy(resolved.settings.pipeline_default_retries)
    async with (
        RunEnd(Notice("retail-verify", "default", alerts)) as end,
        recorded_outcome("retail-verify") as outcome,
    ):
        if await asyncio.to_thread(lookup.has_warehouse, warehouse, resolved):
            outcome.warehouse = await lookup.warehouse_settings(warehouse, resolved)
        found = await lookup.vault_settings(vault, resolved)
        access = BackupAccess(
            found.settings,
            found.manifest_key_bytes,
            identity=found.identity,
            tools_folder=resolved.settings.retail_postgres_bin,
        )
        chosen = await retry.apply(choose_backup)("in the vault", access, backup, False, "")
        outcome.backup = chosen.id
        async with reported_objects(run_id(), "retail-verify-progress", "Bytes"):
            verification = await retry.apply(read_every_object)(chosen.id, access, chosen)
        end.recorded, outcome.report = True, verification
        title = f"Verification of {chosen.id}"
        sound = ("Everything is as it was written.",)
        await publish_lines("retail-verification", title, verification.findings or sound)
        if verification.findings:
            raise BackupDamaged(
                "\n".join(("it is damaged:", *verification.findings)),
                "Make a new backup, and keep the older ones that are sound.",
                backup=chosen.id,
                findings=verification.findings,
            )
    return verification
