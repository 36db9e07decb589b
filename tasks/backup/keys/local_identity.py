"""The key pair of a machine that makes backups and opens them itself, such as the demo's."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from tasks.backup.keys.identities import read_identities
from tasks.backup.libraries import backup_extra


def local_identity(path: Path) -> str:
    """Return the public key of an identity file, which is made if it is missing.

    Backups that are encrypted to it are as safe as this machine: elsewhere the file belongs to another one.

    Args:
        path: The identity file, as age-keygen writes it.

    Raises:
        SettingsError: it has no key, or the extra ``backup`` is not installed.
        UntrustedPath: another user can read or change it.
    """
    with backup_extra():
        import pyrage  # noqa: PLC0415 - an optional extra
    if not path.exists():
        _write(path, str(pyrage.x25519.Identity.generate()))
    read_identities(path)  # refuses a file that others can read
    keys = [line for line in path.read_text("ascii").splitlines() if line.startswith("AGE-SECRET-KEY-")]
    return str(pyrage.x25519.Identity.from_str(keys[0]).to_public())


def _write(path: Path, key: str) -> None:
    """Write the file; it has its name only once it is whole, and keeps the key of whoever was faster."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(f"{key}\n".encode())
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink(missing_ok=True)
