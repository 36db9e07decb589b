"""The backups in a vault: their manifests, proofs and marks. The vault alone decides which backups exist."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID, uuid4

from tasks.backup.manifest import MANIFEST, Authenticity, Manifest, canonical, read_manifest, seal, unseal
from tasks.backup.vault.store import Vault
from tasks.errors import BackupDamaged, BackupMissing

KEEP_MARK = "keep"
_PROOF = "proof-"
_READERS = 8
Outcome = Literal["passed", "failed", "incomplete"]


@dataclass(frozen=True)
class Proof:
    """A test restore of a backup.

    Attributes:
        proof_id: Id of the proof.
        backup_id: Id of the backup.
        proved_at: When the restored copy was checked, with time zone.
        outcome: ``passed``; ``failed`` if the copy differs from the backed-up database; ``incomplete`` if something could
            not be checked.
        findings: What differs or could not be checked, a sentence each.
        server_version: Version of the server it was restored into, as ``server_version_num``.
    """

    proof_id: UUID
    backup_id: UUID
    proved_at: datetime
    outcome: Outcome
    findings: tuple[str, ...]
    server_version: int


@dataclass(frozen=True)
class Backup:
    """A backup as the vault has it.

    Attributes:
        id: Its id.
        manifest: What it holds; None if the manifest cannot be read.
        authenticity: Whether the manifest key proves the manifest.
        problem: Why the manifest cannot be read; empty if it can.
        is_kept: Whether it is marked to be kept for ever.
        proofs: Test restores, newest first.
        size: Bytes of all its objects.
    """

    id: str
    manifest: Manifest | None
    authenticity: Authenticity
    problem: str
    is_kept: bool
    proofs: tuple[Proof, ...]
    size: int

    @property
    def is_proven(self) -> bool:
        """Whether its newest proof passed."""
        return bool(self.proofs) and self.proofs[0].outcome == "passed"

    def readable(self) -> Manifest:
        """Return the manifest. Raises BackupDamaged if it cannot be read."""
        if self.manifest is None:
            raise BackupDamaged(
                self.problem, "Take another backup: retail backups.", backup=self.id, findings=(self.problem,)
            )
        return self.manifest


def list_backups(vault: Vault, key: bytes | None) -> tuple[Backup, ...]:
    """List the backups of a vault, newest first; those whose manifest cannot be read come last.

    Args:
        vault: The vault.
        key: The manifest key; None checks no manifest's origin.

    Raises:
        VaultError, VaultUnreachable: the vault cannot be read.
    """
    objects: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for found in vault.objects():
        folder, _, name = found.name.partition("/")
        objects[folder].append((name, found.size))
    complete = [folder for folder, found in objects.items() if MANIFEST in dict(found) and _is_id(folder)]
    with ThreadPoolExecutor(_READERS) as readers:
        backups = readers.map(lambda folder: _read(vault, key, folder, objects[folder]), complete)
        return tuple(sorted(backups, key=_newest_first))


def find_backup(vault: Vault, key: bytes | None, backup: str) -> Backup:
    """Return the backup of an id, or of the beginning of one.

    Raises:
        BackupMissing: the vault holds none, or several begin so.
    """
    listed = list_backups(vault, key)
    found = [entry for entry in listed if entry.id.startswith(backup.lower())] if backup else []
    if len(found) == 1:
        return found[0]
    how_many = "several backups whose ids begin so" if found else "no backup of that id"
    raise BackupMissing(f"{vault.display} holds {how_many}.", "List them with: retail backups", backup=backup)


def last_good(backups: Sequence[Backup], vault: str) -> Backup:
    """Return the newest full backup of which the newest completed run passed its quality threshold.

    A backup that failed its proof is passed over.

    Raises:
        BackupMissing: there is none.
    """
    for backup in _candidates(backups):
        state = backup.manifest.warehouse if backup.manifest else None
        if state is not None and state.run is not None and state.run == state.last_good_run:
            return backup
    raise BackupMissing(
        f"{vault} holds no full backup of a run that passed its quality threshold.",
        "List them with: retail backups",
        backup="",
    )


def newest_full(backups: Sequence[Backup], vault: str) -> Backup:
    """Return the newest full backup, proven or not. Raises BackupMissing if there is none."""
    for backup in backups:
        if backup.manifest is not None and backup.manifest.kind == "full":
            return backup
    raise BackupMissing(f"{vault} holds no full backup.", "Make one: retail backup", backup="")


def holding_run(backups: Sequence[Backup], run: str, vault: str) -> Backup:
    """Return the newest full backup that holds a run. Raises BackupMissing if there is none."""
    for backup in _candidates(backups):
        state = backup.manifest.warehouse if backup.manifest else None
        if state is not None and run.lower() in state.runs:
            return backup
    raise BackupMissing(
        f"{vault} holds no full backup with the run {run}.", "List them with: retail backups", backup=""
    )


def _candidates(backups: Sequence[Backup]) -> list[Backup]:
    return [
        backup
        for backup in backups
        if backup.manifest is not None
        and backup.manifest.kind == "full"
        and not (backup.proofs and backup.proofs[0].outcome == "failed")
    ]


def save_proof(vault: Vault, key: bytes | None, proof: Proof) -> None:
    """Write a proof beside its backup."""
    body = json.loads(canonical(proof))
    vault.put(f"{proof.backup_id}/{_PROOF}{proof.proof_id}.json", seal(body, key))


def set_keep_mark(vault: Vault, backup: str, *, is_kept: bool) -> None:
    """Mark a backup to be kept for ever, or take the mark away."""
    name = f"{backup}/{KEEP_MARK}"
    if is_kept:
        vault.put(name, b"", replace=True)
    elif vault.exists(name):
        vault.delete(name)


def new_proof(backup: UUID, outcome: Outcome, findings: Sequence[str], server_version: int) -> Proof:
    """Return a proof of now."""
    return Proof(uuid4(), backup, datetime.now(UTC), outcome, tuple(findings), server_version)


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _newest_first(backup: Backup) -> tuple[bool, float, str]:
    manifest = backup.manifest
    return manifest is None, -manifest.created_at.timestamp() if manifest else 0.0, backup.id


def _read(vault: Vault, key: bytes | None, folder: str, objects: Sequence[tuple[str, int]]) -> Backup:
    manifest: Manifest | None = None
    authenticity: Authenticity = "not authenticated"
    problem = ""
    try:
        manifest, authenticity = read_manifest(vault.get(f"{folder}/{MANIFEST}"), key, folder)
    except BackupDamaged as error:
        problem = error.what
    proofs = [
        proof
        for name, _ in objects
        if name.startswith(_PROOF) and (proof := _read_proof(vault, key, folder, name)) is not None
    ]
    return Backup(
        folder,
        manifest,
        authenticity,
        problem,
        any(name == KEEP_MARK for name, _ in objects),
        tuple(sorted(proofs, key=lambda proof: proof.proved_at, reverse=True)),
        sum(size for _, size in objects),
    )


def _read_proof(vault: Vault, key: bytes | None, folder: str, name: str) -> Proof | None:
    """A proof that counts: with a key, only one that was made with it. Others prove nothing."""
    try:
        body, authenticity = unseal(vault.get(f"{folder}/{name}"), key, folder)
        if key is not None and authenticity != "authentic":
            return None
        proof = Proof(
            UUID(body["proof_id"]),
            UUID(body["backup_id"]),
            datetime.fromisoformat(body["proved_at"]),
            body["outcome"],
            tuple(body["findings"]),
            int(body["server_version"]),
        )
    except (BackupDamaged, ValueError, KeyError, TypeError):
        return None
    return proof if str(proof.backup_id) == folder else None
