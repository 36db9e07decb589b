"""Errors of backups, restores and the vault."""

from __future__ import annotations

from tasks.errors.root import Terminal, Transient


class BackupError(Terminal):
    """A backup cannot be made, read or restored. Attribute: ``backup`` (its id as text)."""

    subject = "backup"
    backup: str


class BackupFailed(BackupError):
    """The backup was not made: nothing in the vault counts as one."""


class BackupMissing(BackupError):
    """The vault holds no complete backup of that id, or none that fits."""


class BackupDamaged(BackupError):
    """An object or the manifest is not what was written. Attribute: ``findings``, a line each."""

    keep = "\n"


class BackupUnproven(BackupError):
    """A restored backup is not what was backed up, or that could not be checked. Attribute: ``findings``."""

    keep = "\n"


class ScratchServerFailed(BackupError):
    """The Postgres in which a backup is proven cannot be used, or ended meanwhile; that says nothing about the backup."""


class WrongIdentity(BackupError):
    """No key of the identity file opens the backup."""


class RestoreRefused(BackupError):
    """The restore would do harm or cannot succeed; the target was not touched."""

    keep = "\n"


class RestoreFailed(BackupError):
    """The restore broke off; the message says in which state the target is."""

    keep = "\n"


class ToolMissing(Terminal):
    """No pg_dump or pg_restore on this machine fits the server. Attribute: ``tool``."""


class VaultError(Terminal):
    """The vault refuses a read or a write. Attribute: ``vault`` (its address without secrets)."""

    subject = "vault"


class ObjectMissing(VaultError):
    """The vault has no object of that name. Attributes: ``vault``, ``object``."""


class VaultUnreachable(Transient):
    """The vault gives no answer, or the connection broke. Attribute: ``vault``."""

    subject = "vault"
