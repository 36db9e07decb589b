"""Backups: the vault can be written and read, its keys fit, and the last backup and its proof are not old."""

from __future__ import annotations

import asyncio
import io
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from tasks.backup.keys.encryption import Identities, decrypt, encrypt, parse_recipients
from tasks.backup.keys.identities import read_identities
from tasks.backup.listing import Backup, list_backups
from tasks.backup.vault.open import VaultAccess, VaultSettings, open_vault
from tasks.backup.vault.store import Vault
from tasks.doctor.finding import Finding, Status, from_error, ok, warning
from tasks.errors import RetailError, WrongIdentity
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.supabase import project_reference
from tasks.warehouse.health.finding import DEFAULT_THRESHOLDS, describe_age

OLD_BACKUP = timedelta(hours=DEFAULT_THRESHOLDS.backup_hours.warning)
OLD_PROOF = timedelta(days=DEFAULT_THRESHOLDS.proof_days.warning)
_SECONDS = 30.0
_VAULT, _KEYS, _LAST = "vault", "backup keys", "last backup"
_PROBE = b"written by retail doctor, which deletes it again\n"


@dataclass(frozen=True)
class BackupInputs:
    """What the doctor knows of backups.

    Attributes:
        access: The vault and its keys.
        is_scheduled: Whether SUPABASE_BACKUP_ENABLED is on.
    """

    access: VaultAccess
    is_scheduled: bool = False


async def examine_backups(inputs: BackupInputs | None, warehouse: ConnectionSettings | None) -> list[Finding]:
    """Check the vault, its keys, and the age of the last backup and proof. No run fails because of them.

    One small object is written into the vault, read back and deleted.

    Args:
        inputs: What is known; None without a vault.
        warehouse: The database that is backed up.
    """
    if inputs is None:
        hint = "To back up, set RETAIL_VAULT and RETAIL_VAULT_RECIPIENTS: docs/backups.md."
        return [ok(_VAULT, "none is set: no backups are made", hint)]
    findings = [*_same_project(inputs.access.settings, warehouse)]
    try:
        async with asyncio.timeout(_SECONDS):
            findings += await asyncio.to_thread(_examine, inputs)
    except TimeoutError:
        what = f"{inputs.access.settings.display} did not answer within {_SECONDS:g} s."
        findings.append(warning(_VAULT, what, "Check its address, and whether it can be reached from here."))
    return findings


def _examine(inputs: BackupInputs) -> list[Finding]:
    access = inputs.access
    findings = _examine_keys(access)
    try:
        vault = open_vault(access.settings)
        _write_and_read(vault)
        backups = list_backups(vault, access.manifest_key_bytes)
    except RetailError as error:
        return [from_error(_VAULT, error, Status.WARNING), *findings]
    return [
        ok(_VAULT, f"{vault.display}: an object was written, read back and deleted"),
        *findings,
        *judge_age(backups, datetime.now(UTC), is_scheduled=inputs.is_scheduled),
    ]


def _write_and_read(vault: Vault) -> None:
    name = f"doctor/{secrets.token_hex(8)}.txt"
    vault.put(name, _PROBE)
    try:
        if vault.get(name) != _PROBE:
            raise RetailError("it gives back other bytes than were written.", "Use another vault.")
    finally:
        vault.delete(name)


def _examine_keys(access: VaultAccess) -> list[Finding]:
    try:
        recipients = parse_recipients(access.recipients)
        if not access.identity:
            return [
                ok(
                    _KEYS,
                    f"{len(access.recipients)} public keys; no identity file here",
                    "Restores and proofs need one: set RETAIL_VAULT_IDENTITY where they run.",
                )
            ]
        identities: Identities = read_identities(Path(access.identity))
        sealed, opened = io.BytesIO(), io.BytesIO()
        encrypt(io.BytesIO(_PROBE), sealed, recipients)
        decrypt(io.BytesIO(sealed.getvalue()), opened, identities)
    except WrongIdentity:
        return [
            warning(
                _KEYS,
                f"no key in {access.identity} opens what is encrypted to RETAIL_VAULT_RECIPIENTS.",
                "Set the public key of the identity file: age-keygen -y FILE prints it.",
            )
        ]
    except RetailError as error:
        return [from_error(_KEYS, error, Status.WARNING)]
    return [ok(_KEYS, f"{len(access.recipients)} public keys, and {access.identity} opens them")]


def judge_age(backups: Sequence[Backup], now: datetime, *, is_scheduled: bool) -> list[Finding]:
    """Findings on the age of the newest full backup and of the newest proof that passed."""
    full = [backup for backup in backups if backup.manifest and backup.manifest.kind == "full"]
    if not full:
        if is_scheduled:
            return [warning(_LAST, "there is none, though they are scheduled.", "Make one: retail backup")]
        return [ok(_LAST, "there is none yet", "Make one: retail backup")]
    newest = max(backup.readable().created_at for backup in full)
    proofs = [proof.proved_at for backup in full for proof in backup.proofs if proof.outcome == "passed"]
    findings = [
        ok(_LAST, f"{describe_age(now - newest)} old")
        if now - newest <= OLD_BACKUP
        else warning(_LAST, f"it is {describe_age(now - newest)} old.", "Make one: retail backup")
    ]
    if not proofs:
        fix = "Prove one: retail prove ID --identity FILE"
        return [*findings, warning("last proof", "no backup in the vault was ever restored for proof.", fix)]
    age = now - max(proofs)
    if age > OLD_PROOF:
        fix = "Prove a newer one: retail prove ID --identity FILE"
        return [*findings, warning("last proof", f"it is {describe_age(age)} old.", fix)]
    return [*findings, ok("last proof", f"{describe_age(age)} old")]


def _same_project(vault: VaultSettings, warehouse: ConnectionSettings | None) -> list[Finding]:
    project = project_reference(warehouse) if warehouse is not None else None
    host = urlsplit(vault.endpoint).hostname or ""
    if not project or not host.startswith(f"{project}."):
        return []
    return [
        warning(
            _VAULT,
            f"it lies in the Supabase project {project}, which is what is backed up: it cannot be read when that "
            "project is lost, paused or read-only.",
            "Use a store outside of the project.",
        )
    ]
