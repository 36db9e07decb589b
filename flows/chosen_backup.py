"""The backup that a run restores or proves, and what it reads it with."""

from __future__ import annotations

from dataclasses import dataclass

from blocks import lookup
from blocks.settings_sources import Resolved
from tasks.backup.access import BackupAccess
from tasks.backup.listing import Backup
from tasks.backup.steps import choose_backup
from tasks.retries import RetryPolicy


@dataclass(frozen=True)
class ChosenBackup:
    """A backup in the vault, with the run's settings.

    Attributes:
        backup: The backup.
        access: The vault and its keys.
        resolved: The run's settings.
        retry: How often a step is retried.
    """

    backup: Backup
    access: BackupAccess
    resolved: Resolved
    retry: RetryPolicy


async def choose(vault: str, resolved: Resolved, backup: str, last_good: bool, run: str) -> ChosenBackup:
    """Choose a backup as the parameters of ``retail_restore`` say."""
    retry = RetryPolicy(resolved.settings.pipeline_default_retries)
    found = await lookup.vault_settings(vault, resolved)
    access = BackupAccess(
        found.settings,
        found.manifest_key_bytes,
        found.recipients,
        found.identity,
        resolved.settings.retail_postgres_bin,
    )
    chosen = await retry.apply(choose_backup)("in the vault", access, backup, last_good, run)
    return ChosenBackup(chosen, access, resolved, retry)
