"""The archives of a backup as decrypted streams, hashed again on the way: they were verified before, but not held."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO

from tasks.backup.keys.encryption import Identities, decrypt
from tasks.backup.manifest import Manifest
from tasks.backup.vault.store import Vault
from tasks.errors import BackupDamaged

_CHUNK = 1 << 20


@dataclass(frozen=True)
class DecryptedArchives:
    """Opens the archives of a backup by their names in the manifest; several at a time, in threads.

    Attributes:
        vault: The vault.
        manifest: The manifest of the backup.
        identities: Secret keys that open it.
    """

    vault: Vault
    manifest: Manifest
    identities: Identities

    def __call__(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Open an archive.

        The block may end before the stream does. Whoever reads it to its end learns at the block's end if it broke.

        Raises:
            BackupDamaged: at the end of the block: the object is not what the manifest says.
            VaultError, VaultUnreachable: at the end of the block: the vault gave it in part.
        """
        return self._open(name)

    @contextmanager
    def _open(self, name: str) -> Iterator[BinaryIO]:
        read_end, write_end = os.pipe()
        reading = _Reading(self, name, write_end)
        thread = threading.Thread(target=reading.run, name="retail-decrypt", daemon=True)
        thread.start()
        stream = os.fdopen(read_end, "rb", buffering=_CHUNK)
        try:
            yield stream
        finally:
            # A decryption that nobody reads on gets EPIPE and ends.
            with suppress(OSError):
                stream.close()
            thread.join()
        if reading.error is not None:
            raise reading.error


class _Reading:
    """Reads an object from the vault, decrypts it into a pipe, and compares its hash with the manifest."""

    def __init__(self, archives: DecryptedArchives, name: str, write_end: int) -> None:
        self._archives = archives
        self._name = name
        self._write_end = write_end
        self._hash = hashlib.sha256()
        self.error: BaseException | None = None

    def run(self) -> None:
        archives = self._archives
        backup = str(archives.manifest.id)
        try:
            with os.fdopen(self._write_end, "wb", buffering=0) as pipe:
                with archives.vault.reader(f"{backup}/{self._name}") as stream:
                    self._stream = stream
                    decrypt(self, pipe, archives.identities, backup=backup, name=self._name)
                (expected,) = (
                    archive.sha256 for archive in archives.manifest.objects if archive.name == self._name
                )
                if self._hash.hexdigest() != expected:
                    what = f"{self._name} was changed after it was verified."
                    raise BackupDamaged(
                        what, "Find out who can write to the vault.", backup=backup, findings=(what,)
                    )
        except BrokenPipeError:
            pass  # the reader has what it wanted
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that reads
            self.error = error

    def read(self, size: int = -1, /) -> bytes:
        chunk: bytes = self._stream.read(_CHUNK if size < 0 else size)
        self._hash.update(chunk)
        return chunk
