"""The backups in the vault of the settings, with the rule that keeps each: what the commands and the API show."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from blocks import lookup, settings_sources
from blocks.settings_sources import Settings
from tasks.backup.dump.tools import find_tools
from tasks.backup.keys.encryption import read_identities
from tasks.backup.listing import Backup, find_backup, list_backups, set_keep_mark
from tasks.backup.manifest import MANIFEST
from tasks.backup.retention import BackupSummary, RetentionRule, plan
from tasks.backup.vault.open import open_vault
from tasks.backup.vault.store import Vault
from tasks.backup.verify import Verification, verify_backup


@dataclass(frozen=True)
class ListedBackups:
    """The backups of a vault, newest first, and why each is kept; no reason means that ``prune`` would delete it."""

    vault: str
    backups: tuple[Backup, ...]
    reasons: Mapping[str, tuple[str, ...]]
    now: datetime

    def as_json(self) -> dict[str, Any]:
        """The list as JSON values."""
        return {"vault": self.vault, "backups": [self._row(backup) for backup in self.backups]}

    def _row(self, backup: Backup) -> dict[str, Any]:
        manifest = backup.manifest
        state = manifest.warehouse if manifest else None
        return {
            "id": backup.id,
            "kind": manifest.kind if manifest else None,
            "tables": list(manifest.tables) if manifest else [],
            "created_at": manifest.created_at.isoformat(timespec="seconds") if manifest else None,
            "age_seconds": round((self.now - manifest.created_at).total_seconds()) if manifest else None,
            "size_bytes": backup.size,
            "database": manifest.database if manifest else None,
            "kept_by": list(self.reasons.get(backup.id, ())),
            "proven": backup.is_proven,
            "proof": backup.proofs[0].outcome if backup.proofs else None,
            "proved_at": backup.proofs[0].proved_at.isoformat(timespec="seconds") if backup.proofs else None,
            "run": state.run if state else None,
            "quality_score": state.quality_score if state else None,
            "is_good": bool(state and state.run and state.run == state.last_good_run),
            "manifest": backup.problem or backup.authenticity,
        }


@dataclass(frozen=True)
class OpenedVault:
    """The vault of the settings, with the key of its manifests."""

    vault: Vault
    manifest_key: bytes | None


async def opened_vault(name: str = "") -> OpenedVault:
    """Open the vault of a block, or that of the settings.

    Raises:
        SettingsError: there is none, or a setting of it is invalid.
    """
    access = await lookup.vault_settings(name, settings_sources.resolve())
    return OpenedVault(await asyncio.to_thread(open_vault, access.settings), access.manifest_key_bytes)


async def backups_in(name: str = "", rule: RetentionRule | None = None) -> ListedBackups:
    """List the backups of a vault; see ``opened_vault`` for the errors.

    Args:
        name: Name of a BackupVault block; empty for the vault of the settings.
        rule: The rule of retention; None for that of the settings.
    """
    opened = await opened_vault(name)
    backups = await asyncio.to_thread(list_backups, opened.vault, opened.manifest_key)
    now = datetime.now(UTC)
    rule = rule or rule_of(settings_sources.resolve().settings)
    return ListedBackups(opened.vault.display, backups, reasons_to_keep(backups, rule, now), now)


def reasons_to_keep(
    backups: Sequence[Backup], rule: RetentionRule, now: datetime
) -> dict[str, tuple[str, ...]]:
    """Apply the rule to the backups of each database and set of tables by themselves: none stands in for another.

    Backups without a readable manifest are not judged, so that they stay.
    """
    alike: dict[tuple[object, ...], list[BackupSummary]] = defaultdict(list)
    for backup in backups:
        manifest = backup.manifest
        if manifest is not None:
            summary = BackupSummary(backup.id, manifest.created_at, backup.is_proven, backup.is_kept)
            alike[manifest.warehouse_address, manifest.kind, manifest.tables].append(summary)
    return {key: value for group in alike.values() for key, value in plan(group, rule, now).items()}


def rule_of(settings: Settings, **changes: int | None) -> RetentionRule:
    """The rule of the settings, with the numbers that are given instead."""
    rule = RetentionRule(
        keep_last=settings.retail_backup_keep_last,
        daily=settings.retail_backup_keep_daily,
        weekly=settings.retail_backup_keep_weekly,
        monthly=settings.retail_backup_keep_monthly,
        minimum=settings.retail_backup_keep_minimum,
    )
    return replace(rule, **{name: number for name, number in changes.items() if number is not None})


@dataclass(frozen=True)
class PrunedVault:
    """The backups of a vault as they were, the ids that no rule keeps, and whether those were deleted."""

    listed: ListedBackups
    ids: tuple[str, ...]
    is_done: bool

    @property
    def summary(self) -> str:
        """How many of how many, in a sentence."""
        verb = "deleted from" if self.is_done else "would be deleted from"
        return f"{len(self.ids)} of {len(self.listed.backups)} backups {verb} {self.listed.vault}."

    @property
    def lines(self) -> tuple[str, ...]:
        """What happened, or would happen, to each backup."""
        verb = "deleted" if self.is_done else "would be deleted"
        return tuple(
            f"{backup.id}: {verb}"
            if backup.id in self.ids
            else f"{backup.id}: kept ({', '.join(self.listed.reasons.get(backup.id, ())) or 'unreadable'})"
            for backup in self.listed.backups
        )


async def prune(name: str = "", rule: RetentionRule | None = None, *, confirm: bool) -> PrunedVault:
    """Find the backups that no rule keeps, and delete them if that is confirmed; see ``opened_vault`` for the errors.

    Args:
        name: Name of a BackupVault block; empty for the vault of the settings.
        rule: The rule of retention; None for that of the settings.
        confirm: Delete them.
    """
    listed = await backups_in(name, rule)
    ids = tuple(backup.id for backup in listed.backups if listed.reasons.get(backup.id) == ())
    if confirm:
        opened = await opened_vault(name)
        await asyncio.to_thread(_delete, opened.vault, ids)
    return PrunedVault(listed, ids, confirm)


def _delete(vault: Vault, ids: Sequence[str]) -> None:
    # First the manifest, so that a deletion which breaks off leaves no backup that looks whole.
    for backup in ids:
        vault.delete(f"{backup}/{MANIFEST}")
        for found in vault.objects(f"{backup}/"):
            vault.delete(found.name)


async def mark(backup: str, *, is_kept: bool, name: str = "") -> str:
    """Mark a backup to be kept for ever, or take the mark away; return its id. Raises BackupMissing."""
    opened = await opened_vault(name)

    def work() -> str:
        found = find_backup(opened.vault, opened.manifest_key, backup)
        set_keep_mark(opened.vault, found.id, is_kept=is_kept)
        return found.id

    return await asyncio.to_thread(work)


async def verified(backup: str, name: str = "") -> Verification:
    """Read every object of a backup; without an identity in the settings only its hashes are checked.

    Raises:
        BackupMissing: the vault holds no such backup.
        BackupDamaged: its manifest cannot be read.
        WrongIdentity, ToolMissing, VaultUnreachable: see ``tasks.backup.verify.verify_backup``.
    """
    resolved = settings_sources.resolve()
    access = await lookup.vault_settings(name, resolved)
    identities = read_identities(Path(access.identity)) if access.identity else None
    vault = await asyncio.to_thread(open_vault, access.settings)
    found = await asyncio.to_thread(find_backup, vault, access.manifest_key_bytes, backup)
    tools = await find_tools(resolved.settings.retail_postgres_bin)
    return await verify_backup(vault, found, identities, tools)
