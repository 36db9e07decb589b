"""The flow ``retail_prune``: delete the backups that no rule of retention keeps."""

from __future__ import annotations

from flows import state_hooks
from flows.backup_artifact import publish_lines
from flows.checked_flow import BlockName, flow
from flows.vault_access import PrunedVault, prune


@flow(
    name="retail-prune",
    timeout_seconds=3600,
    persist_result=False,
    on_failure=[state_hooks.notify_failure],
    on_completion=[state_hooks.notify_completion],
    on_crashed=[state_hooks.notify_crash],
    on_cancellation=[state_hooks.notify_cancellation],
)
async def retail_prune(vault: BlockName = "", confirm: bool = False, alerts: BlockName = "") -> PrunedVault:
    """Delete the backups that no rule of retention keeps; without ``confirm`` only show which.

    Args:
        vault: Name of a BackupVault block. Empty: RETAIL_VAULT.
        confirm: Delete them. Off is a dry run.
        alerts: Name of an Alerts block. Empty: RETAIL_ALERTS, else the channels in the environment.

    Returns:
        The backups that were, or would be, deleted; the artifact retail-prune shows them.

    Raises:
        SettingsError: there is no vault, or a setting of it is invalid.
        VaultError, VaultUnreachable: the vault does not let them go.
    """
    pruned = await prune(vault, confirm=confirm)
    await publish_lines("retail-prune", pruned.summary, pruned.lines)
    return pruned
