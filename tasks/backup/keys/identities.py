"""Reads the secret keys that open backups. No text of the file ever appears in an error."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks import ownership
from tasks.backup.libraries import backup_extra
from tasks.errors import SettingsError

IDENTITY_SETTING = "RETAIL_VAULT_IDENTITY"
_OTHERWISE = "make a new key with age-keygen, and encrypt the next backups to it"
_MAX_BYTES = 1_048_576
_ENCRYPTED = (b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE-----")


@dataclass(frozen=True)
class Identities:
    """Secret keys that open backups; they are never shown.

    Attributes:
        path: The file that they were read from, as text.
    """

    path: str
    _keys: tuple[Any, ...] = field(repr=False, compare=False)


def read_identities(path: Path) -> Identities:
    """Read an identity file of age (several keys, comments and blank lines are allowed), or an SSH private key.

    Raises:
        SettingsError: There is no such file, it is no regular file, or it has no key that this release can use.
        UntrustedPath: Another user can read or change it.
    """
    with backup_extra():
        import pyrage  # noqa: PLC0415 - an optional extra
    path = path.expanduser().absolute()
    content = _read_private(path)
    if content.startswith(_ENCRYPTED):
        raise _unusable(
            path,
            "is protected by a passphrase.",
            "Decrypt it with age -d into a file that only you can read.",
        )
    if content.lstrip().startswith(b"-----BEGIN"):
        return Identities(str(path), (_read_ssh_key(path, content),))
    keys: list[Any] = []
    for number, line in enumerate(content.splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        try:
            keys.append(pyrage.x25519.Identity.from_str(text.decode("ascii")))
        except (pyrage.IdentityError, UnicodeDecodeError):
            raise _unusable(path, f"line {number} {_fault(text)}.") from None
    if not keys:
        raise _unusable(path, "has no key.")
    return Identities(str(path), tuple(keys))


def _fault(line: bytes) -> str:
    if line.startswith(b"AGE-SECRET-KEY-PQ-"):
        return "is a post-quantum key, which the age library of this release cannot use"
    if line.startswith(b"AGE-PLUGIN-"):
        return "needs a plugin of age, which this release cannot use"
    return "is no secret key of age"


def _read_private(path: Path) -> bytes:
    try:
        # Otherwise opening a pipe waits for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _unusable(
            path, f"cannot be read: {os.strerror(error.errno or 0)}.", "Check the path."
        ) from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _unusable(path, "is no regular file.")
        ownership.check_private(path, IDENTITY_SETTING, _OTHERWISE)
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(_MAX_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(content) > _MAX_BYTES:
        raise _unusable(path, "is too large for an identity file.")
    return content


def _read_ssh_key(path: Path, content: bytes) -> Any:
    import pyrage  # noqa: PLC0415 - an optional extra

    try:
        return pyrage.ssh.Identity.from_buffer(content)
    except pyrage.IdentityError as error:
        if "decrypted" in str(error):
            raise _unusable(
                path,
                "is an SSH key with a passphrase.",
                "Remove the passphrase from a copy with ssh-keygen -p, or use a key of age-keygen.",
            ) from None
        raise _unusable(path, "is no SSH key of kind ed25519 or RSA.") from None


def _unusable(path: Path, what: str, next_step: str = "Use the file that age-keygen wrote.") -> SettingsError:
    return SettingsError(f"Identity file {path}: {what}", next_step, setting=IDENTITY_SETTING)
