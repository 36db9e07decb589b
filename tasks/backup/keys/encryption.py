"""Encryption of a backup's objects with age, so that the standard program ``age -d`` opens them without this package.

Everything is a stream of constant memory. pyrage turns whatever a reader or a writer raises into an error of its own,
without the cause: both are wrapped, and their first exception is raised again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tasks.backup.keys.identities import Identities, read_identities
from tasks.backup.libraries import backup_extra
from tasks.errors import BackupDamaged, BackupFailed, SettingsError, WrongIdentity

__all__ = [
    "RECIPIENTS_SETTING",
    "HashingWriter",
    "Identities",
    "Readable",
    "Recipients",
    "Writable",
    "decrypt",
    "encrypt",
    "parse_recipients",
    "read_identities",
]

RECIPIENTS_SETTING = "RETAIL_VAULT_RECIPIENTS"
_POST_QUANTUM = ("age1pq1", "age1tagpq1")
_SSH = ("ssh-", "ecdsa-", "sk-")


class Readable(Protocol):
    """Gives bytes: a pipe, a file, an object of the vault."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes; none at the end."""


class Writable(Protocol):
    """Takes bytes."""

    def write(self, data: bytes, /) -> int | None:
        """Write bytes and return how many were written; None stands for all."""


@dataclass(frozen=True)
class Recipients:
    """Public keys that backups are encrypted to; one of the secret keys opens them.

    Attributes:
        texts: The public keys as text.
    """

    texts: tuple[str, ...]
    _keys: tuple[Any, ...] = field(repr=False, compare=False)


def parse_recipients(texts: Sequence[str]) -> Recipients:
    """Parse public keys: those of age (``age1…``), and SSH's of kind ed25519 and RSA.

    Raises:
        SettingsError: There is none, or one is no public key that this release encrypts to.
    """
    stripped = tuple(text.strip() for text in texts if text.strip())
    if not stripped:
        raise SettingsError(
            "No public key to encrypt the backup to.",
            f"Make a key with age-keygen, and set {RECIPIENTS_SETTING} to its public key.",
            setting=RECIPIENTS_SETTING,
        )
    return Recipients(
        stripped, tuple(_parse_recipient(number, text) for number, text in enumerate(stripped, start=1))
    )


def _parse_recipient(number: int, text: str) -> Any:
    with backup_extra():
        import pyrage  # noqa: PLC0415 - an optional extra
    # No text of it is shown: it may be a secret key, or a part of one.
    which = f"Public key {number} of the vault"
    if "SECRET-KEY" in text.upper() or "PRIVATE KEY" in text:
        raise _refused(f"{which} is a secret key; whoever has seen it can open the backups made for it.")
    if text.startswith(_POST_QUANTUM):
        raise _refused(f"{which} is a post-quantum key, which the age library of this release cannot use.")
    if text.startswith("age1") and text.count("1") > 1:
        raise _refused(f"{which} needs a plugin of age, which a restore here cannot use.")
    is_ssh = text.startswith(_SSH)
    try:
        return (pyrage.ssh if is_ssh else pyrage.x25519).Recipient.from_str(text)
    except pyrage.RecipientError:
        kind = "no SSH key of kind ed25519 or RSA" if is_ssh else "no public key of age"
        raise _refused(f"{which} is {kind}.") from None


def _refused(what: str) -> SettingsError:
    return SettingsError(
        what,
        "Use the public key that age-keygen prints (age1 and 58 characters).",
        setting=RECIPIENTS_SETTING,
    )


class HashingWriter:
    """Passes bytes on to a writer, and keeps the SHA-256 and number of those that it took."""

    def __init__(self, writer: Writable) -> None:
        self._writer = writer
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        """Hash of the bytes until now, in hexadecimal digits."""
        return self._hash.hexdigest()

    def write(self, data: bytes, /) -> int:
        """Write bytes and return how many the writer took."""
        written = self._writer.write(data)
        size = len(data) if written is None else written
        self._hash.update(data if size == len(data) else data[:size])
        self.size += size
        return size


class _Guarded:
    """Keeps the first exception of a reader or a writer, and counts its bytes."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.error: BaseException | None = None
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        try:
            data: bytes = self._stream.read(size)
        except BaseException as error:
            self.error = self.error or error
            raise
        self.size += len(data)
        return data

    def write(self, data: bytes) -> int:
        try:
            written = self._stream.write(data)
        except BaseException as error:
            self.error = self.error or error
            raise
        size = len(data) if written is None else int(written)
        self.size += size
        return size

    def flush(self) -> None:
        """Nothing: whoever opened the stream flushes it."""


def encrypt(reader: Readable, writer: Writable, recipients: Recipients) -> int:
    """Encrypt everything that a reader gives.

    Args:
        reader: The plain bytes.
        writer: Takes the age file.
        recipients: See ``parse_recipients``.

    Returns:
        The number of plain bytes.

    Raises:
        BackupFailed: age cannot encrypt.
        BaseException: The first exception of the reader or the writer, as it was raised.
    """
    with backup_extra():
        import pyrage  # noqa: PLC0415 - an optional extra
    source, target = _Guarded(reader), _Guarded(writer)
    try:
        pyrage.encrypt_io(source, target, list(recipients._keys))
    except (pyrage.EncryptError, OSError):
        _raise_first(source, target)
        raise BackupFailed(
            "age could not encrypt an object.",
            "Check the public keys of the vault, and run the backup again.",
        ) from None
    _raise_first(source, target)
    return source.size


def decrypt(
    reader: Readable, writer: Writable, identities: Identities, *, backup: str = "", name: str = ""
) -> int:
    """Decrypt an age file to its end.

    A damaged file gives out its valid beginning first, so what was written counts only after a return. A damaged
    header looks like a wrong key: check the object's hash first.

    Args:
        reader: The age file.
        writer: Takes the plain bytes.
        identities: See ``read_identities``.
        backup: Id of the backup, for errors.
        name: Name of the object, for errors.

    Returns:
        The number of plain bytes.

    Raises:
        WrongIdentity: None of the keys opens it.
        BackupDamaged: It is no whole age file.
        BaseException: The first exception of the reader or the writer, as it was raised.
    """
    with backup_extra():
        import pyrage  # noqa: PLC0415 - an optional extra
    source, target = _Guarded(reader), _Guarded(writer)
    try:
        pyrage.decrypt_io(source, target, list(identities._keys))
    except pyrage.DecryptError as error:
        _raise_first(source, target)
        # pyrage has no class or code for it.
        if "no matching keys" in str(error).lower():
            raise WrongIdentity(
                f"no key in {identities.path} opens {name or 'it'}.",
                "Use the identity file whose public key the backup was encrypted to.",
                backup=backup,
            ) from None
        raise _damaged(backup, name) from None
    except OSError:
        # Without errno it is pyrage's own: the body is damaged or cut.
        _raise_first(source, target)
        raise _damaged(backup, name) from None
    _raise_first(source, target)
    return target.size


def _damaged(backup: str, name: str) -> BackupDamaged:
    what = f"{name or 'an object'} is no whole age file: it was damaged or cut."
    return BackupDamaged(
        what, "Take another backup (retail backups).", backup=backup, findings=(what,), object=name
    )


def _raise_first(*streams: _Guarded) -> None:
    for stream in streams:
        if stream.error is not None:
            raise stream.error
