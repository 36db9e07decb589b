"""The key of the manifests of a vault in a local folder, which is made by the first backup."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from tasks import ownership
from tasks.errors import SettingsError

MINIMUM_LENGTH = 16
ADVICE = "Set it to a long random text, such as one from: openssl rand -hex 32."
_FILE = "manifest-key"
_SETTING = "RETAIL_MANIFEST_KEY"
_MAX_BYTES = 4096
# File systems without hard links.
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}


def local_manifest_key(data_dir: Path) -> tuple[SecretStr, Path, bool]:
    """Read the key of the data folder; make it if there is none.

    Args:
        data_dir: The data folder; made if there is none.

    Returns:
        The key, its file, and whether it was made just now.

    Raises:
        UntrustedPath: Another user can read the file, or change it or a folder above it.
        SettingsError: It cannot be read or written, or holds no key.
    """
    path = data_dir.expanduser().absolute() / _FILE
    ownership.check_trusted(path.parent, "RETAIL_DATA_DIR", "choose another folder with RETAIL_DATA_DIR")
    is_new = False
    try:
        if not os.path.lexists(path):
            is_new = _make(path)
        return read_manifest_key(path), path, is_new
    except OSError as error:
        raise SettingsError(
            f"Manifest key {path}: it cannot be made: {os.strerror(error.errno or 0)}.",
            f"Choose another folder with RETAIL_DATA_DIR, or set {_SETTING}.",
            setting=_SETTING,
        ) from None


def read_manifest_key(path: Path) -> SecretStr:
    """Read a key from a file of text; blanks around it do not count.

    Raises:
        UntrustedPath: Another user can read the file, or change it or a folder above it.
        SettingsError: There is no such file, or it holds no key.
    """
    path = path.expanduser().absolute()
    try:
        # Otherwise opening a pipe waits for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _unusable(path, f"it cannot be read: {os.strerror(error.errno or 0)}") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _unusable(path, "it is no regular file")
        ownership.check_private(path, _SETTING, "set another key; older manifests are then not authenticated")
        text = os.read(descriptor, _MAX_BYTES + 1).decode("utf-8").strip()
    except UnicodeDecodeError:
        raise _unusable(path, "it is no text") from None
    finally:
        os.close(descriptor)
    if not MINIMUM_LENGTH <= len(text) <= _MAX_BYTES:
        raise _unusable(path, f"it has fewer than {MINIMUM_LENGTH} characters, or more than {_MAX_BYTES}")
    return SecretStr(text)


def check_manifest_key(text: str) -> None:
    """Raise SettingsError for a key that can be guessed: whoever reads a manifest can try keys on it."""
    if len(text) < MINIMUM_LENGTH:
        raise SettingsError(
            f"The manifest key has fewer than {MINIMUM_LENGTH} characters.", ADVICE, setting=_SETTING
        )


def _make(path: Path) -> bool:
    """Write a new key; False if another process was faster. The file has its name only once it is whole."""
    missing = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    for folder in reversed(missing):
        # The embedded server's user must enter it; the key has a mode of its own.
        folder.mkdir(mode=0o755, exist_ok=True)
    part = path.with_name(f".{_FILE}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(f"{secrets.token_hex(32)}\n".encode())
            file.flush()
            os.fsync(descriptor)
        try:
            os.link(part, path)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            part.rename(path)
        folder_descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder_descriptor)
        finally:
            os.close(folder_descriptor)
        return True
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def _unusable(path: Path, what: str) -> SettingsError:
    return SettingsError(
        f"Manifest key {path}: {what}.",
        ADVICE,
        setting=_SETTING,
    )
