"""A vault in a local folder, which nobody but us and root can change."""

from __future__ import annotations

import errno
import io
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from tasks import ownership
from tasks.backup.vault.store import (
    GET_LIMIT,
    VAULT_SETTING,
    VaultObject,
    check_name,
    check_prefix,
    existing_object,
    is_object_name,
    oversized_object,
)
from tasks.errors import ObjectMissing, VaultError

_OTHERWISE = f"choose another folder with {VAULT_SETTING}"
# Begins with a dot, so it is never the name of an object.
_PART = re.compile(r"\.([a-z0-9][a-z0-9.-]*)\.[0-9a-f]{16}\.part")
# Of making a folder that others remove.
_ATTEMPTS = 100
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


class LocalVault:
    """Objects as files: ``FOLDER/ID/NAME``."""

    def __init__(self, folder: Path) -> None:
        """Open a vault; its folder is made by the first write.

        Raises:
            UntrustedPath: Another user can change the folder.
        """
        self._folder = folder.expanduser().absolute()
        ownership.check_trusted(self._folder, VAULT_SETTING, _OTHERWISE)

    @property
    def display(self) -> str:
        """The folder."""
        return str(self._folder)

    @contextmanager
    def writer(self, name: str) -> Iterator[BinaryIO]:
        """See ``Vault.writer``. The file is on the disk before it gets its name."""
        path = self._path(name)
        with self._part(path) as (file, part):
            yield cast(BinaryIO, file)
            file.sync()
            with self._mapped_errors():
                part.replace(path)
                _sync_folder(path.parent)

    @contextmanager
    def reader(self, name: str) -> Iterator[BinaryIO]:
        """See ``Vault.reader``."""
        try:
            raw = self._path(name).open("rb", buffering=0)
        except FileNotFoundError:
            raise self._missing(name) from None
        except OSError as error:
            raise self._error(error) from error
        with raw, io.BufferedReader(_File(raw, self), 1_048_576) as file:
            yield file

    def put(self, name: str, data: bytes, *, replace: bool = False) -> None:
        """See ``Vault.put``."""
        path = self._path(name)
        with self._part(path) as (file, part):
            file.write(data)
            file.sync()
            with self._mapped_errors():
                if replace:
                    part.replace(path)
                else:
                    self._link(part, path, name)
                _sync_folder(path.parent)

    def get(self, name: str, limit: int = GET_LIMIT) -> bytes:
        """See ``Vault.get``."""
        with self.reader(name) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise oversized_object(name, limit, self.display)
        return data

    def objects(self, prefix: str = "") -> list[VaultObject]:
        """See ``Vault.objects``.

        Raises:
            VaultError: The folder is not there, or cannot be read.
        """
        folder = check_prefix(prefix, self.display)
        if not self._folder.is_dir():
            raise VaultError(
                "There is no such folder.", "Check the path, or whether it is mounted.", vault=self.display
            )
        found = []
        with self._mapped_errors():
            for name, entry in self._entries(folder):
                if is_object_name(name):
                    status = entry.stat(follow_symlinks=False)
                    modified = datetime.fromtimestamp(status.st_mtime, UTC)
                    found.append(VaultObject(name, status.st_size, modified))
        return sorted(found, key=lambda item: item.name)

    def exists(self, name: str) -> bool:
        """See ``Vault.exists``."""
        with self._mapped_errors():
            return self._path(name).is_file()

    def delete(self, name: str) -> None:
        """See ``Vault.delete``. A folder that becomes empty goes too."""
        path = self._path(name)
        with self._mapped_errors():
            path.unlink(missing_ok=True)
            _remove_if_empty(path.parent)

    def remove_unfinished(self, before: datetime) -> list[str]:
        """See ``Vault.remove_unfinished``."""
        removed = []
        with self._mapped_errors():
            for name, entry in self._entries("") if self._folder.is_dir() else ():
                part = _PART.fullmatch(entry.name)
                if part and entry.stat(follow_symlinks=False).st_mtime < before.timestamp():
                    path = Path(entry.path)
                    path.unlink(missing_ok=True)
                    _remove_if_empty(path.parent)
                    removed.append(f"{name.split('/')[0]}/{part[1]}")
        return sorted(removed)

    def _path(self, name: str) -> Path:
        check_name(name, self.display)
        return self._folder / name

    def _entries(self, folder: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """The regular files of one folder or of all, with the folder's name in front."""
        folders = [folder]
        if not folder:
            with os.scandir(self._folder) as entries:
                folders = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        for each_folder in folders:
            with suppress(FileNotFoundError), os.scandir(self._folder / each_folder) as entries:
                for entry in entries:
                    if entry.is_file(follow_symlinks=False):
                        yield f"{each_folder}/{entry.name}", entry

    @contextmanager
    def _part(self, path: Path) -> Iterator[tuple[_File, Path]]:
        """A new file beside ``path``; whatever happens, it is gone afterwards under its own name."""
        part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
        with self._mapped_errors():
            ownership.make_folder(self._folder, VAULT_SETTING, _OTHERWISE)
            descriptor = self._create(part)
        try:
            with open(descriptor, "wb", buffering=0) as raw:
                yield _File(raw, self), part
        finally:
            # After an error it is what we clean up after, not what failed.
            with suppress(OSError):
                part.unlink(missing_ok=True)
                _remove_if_empty(path.parent)

    def _create(self, part: Path) -> int:
        """Create a file in a folder that may be new; return its descriptor."""
        for _ in range(_ATTEMPTS):
            # Another writer, which failed, may take the folder away at any moment: it was empty.
            with suppress(FileNotFoundError, FileExistsError):
                part.parent.mkdir(mode=0o700, exist_ok=True)
                _sync_folder(self._folder)
                return os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        raise FileNotFoundError(errno.ENOENT, "the folder of the object cannot be made")

    def _link(self, part: Path, path: Path, name: str) -> None:
        try:
            os.link(part, path)
        except FileExistsError:
            raise existing_object(name, self.display) from None
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # A file system without hard links.
            if path.exists():
                raise existing_object(name, self.display) from None
            part.replace(path)

    def _missing(self, name: str) -> ObjectMissing:
        return ObjectMissing(
            f"It has no object {name}.", "List the backups (retail backups).", vault=self.display, object=name
        )

    @contextmanager
    def _mapped_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._error(error) from error

    def _error(self, error: OSError) -> VaultError:
        reason = os.strerror(error.errno) if error.errno else "unknown error"
        if error.errno in _NO_SPACE:
            return VaultError(
                f"It has no space left ({reason}).",
                "Make room, or prune old backups (retail prune).",
                vault=self.display,
            )
        return VaultError(
            f"It cannot be read or written ({reason}).",
            "Check the disk, and the permissions of the folder.",
            vault=self.display,
        )


class _File(io.RawIOBase):
    """A file whose errors name the vault; those of whoever uses it stay what they are."""

    def __init__(self, raw: io.FileIO | Any, vault: LocalVault) -> None:
        self._raw = raw
        self._vault = vault

    def readable(self) -> bool:
        return bool(self._raw.readable())

    def writable(self) -> bool:
        return bool(self._raw.writable())

    def readinto(self, buffer: Any) -> int | None:
        with self._vault._mapped_errors():
            count: int | None = self._raw.readinto(buffer)
            return count

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        written = 0
        with self._vault._mapped_errors():
            while written < len(view):
                written += self._raw.write(view[written:])
        return written

    def sync(self) -> None:
        """Put everything on the disk."""
        with self._vault._mapped_errors():
            os.fsync(self._raw.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
