"""One archive: pg_dump through age into the vault, as a stream. Neither plaintext nor a whole archive is on disk."""

from __future__ import annotations

import asyncio
import io
import os
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, BinaryIO

from tasks import progress
from tasks.backup.dump.child import Child, started
from tasks.backup.dump.holder import LOCK_SECONDS, Holder
from tasks.backup.dump.tools import Tools
from tasks.backup.keys.encryption import HashingWriter, Recipients, encrypt
from tasks.backup.manifest import ArchiveObject
from tasks.backup.vault.store import Vault
from tasks.errors import BackupFailed
from tasks.postgres.settings import ConnectionSettings
from tasks.postgres.traffic import size

_REPORT_SECONDS = 2.0
_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class ArchiveWriter:
    """Where the archives of one backup come from and go to.

    Attributes:
        backup: Id of the backup, the folder in the vault.
        settings: The database.
        tools: The programs.
        compression: Compression that pg_dump is told.
        vault: The vault.
        recipients: Keys that the archives are encrypted to.
    """

    backup: str
    settings: ConnectionSettings
    tools: Tools
    compression: str
    vault: Vault
    recipients: Recipients

    async def write(
        self, number: int, holder: Holder, arguments: Sequence[str], *, table: str = "", managed: str = ""
    ) -> ArchiveObject:
        """Dump in the holder's snapshot.

        Args:
            number: Number of the archive, from 0.
            holder: The open snapshot.
            arguments: What pg_dump selects.
            table: The table whose data it is; empty for another selection.
            managed: The managed schema whose rows it is; empty for another selection.

        Raises:
            BackupFailed: pg_dump failed; the message has its own.
            VaultError, VaultUnreachable: the vault does not take it.
        """
        name = f"{number:04d}.dump.age"
        what = table or managed or "everything else"
        read_end, write_end = os.pipe()
        ended: Future[None] = Future()
        with _unbuffered(read_end) as stream:
            counted, pump = _Counted(stream, what), None
            try:
                async with started(
                    self.tools.pg_dump,
                    [*self._options(holder), *arguments],
                    settings=self.settings,
                    major=self.tools.major,
                    stdout=write_end,
                ) as dump:
                    os.close(write_end)
                    write_end = -1
                    pump = asyncio.ensure_future(asyncio.to_thread(self._pump, counted, name, ended))
                    waiter = asyncio.create_task(_settle(self.backup, dump, ended, what))
                    try:
                        # The pump ends first only if it failed; then pg_dump, which nobody reads, is ended.
                        await asyncio.wait({pump, waiter}, return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        waiter.cancel()
            finally:
                if write_end >= 0:
                    os.close(write_end)
                if not ended.done():
                    ended.cancel()
                if pump is not None:  # with the child its pipe ends, and then the pump
                    await asyncio.wait({pump})
                    pump.cancelled() or pump.exception()  # seen, where another error is the cause
            stored, digest, plain = pump.result()
        archive = ArchiveObject(name, table, stored, digest, plain, managed)
        progress.report("backup.archive", f"{what}: {size(stored)} in the vault", stored)
        return archive

    def _options(self, holder: Holder) -> list[str]:
        options = [
            "--format=custom",
            f"--compress={self._compression_option()}",
            f"--snapshot={holder.snapshot}",
            f"--lock-wait-timeout={LOCK_SECONDS:g}s",
            "--no-password",
        ]
        if self.tools.major >= 18:
            # Statistics hold values of the tables, also of those whose rows are left out.
            options.append("--no-statistics")
        return options

    def _compression_option(self) -> str:
        # 15 knows levels of gzip only.
        return "zstd" if self.compression == "zstd" else ("6" if self.tools.major < 16 else "gzip")

    def _pump(self, stream: _Counted, name: str, ended: Future[None]) -> tuple[int, str, int]:
        """Encrypt the stream into the vault; the object appears only if pg_dump ended well."""
        with self.vault.writer(f"{self.backup}/{name}") as target:
            hashing = HashingWriter(target)
            encrypt(stream, hashing, self.recipients)
            ended.result()
        return hashing.size, hashing.sha256, stream.count


def _unbuffered(read_end: int) -> io.FileIO:
    return io.FileIO(read_end, "rb")


async def _settle(backup: str, dump: Child, ended: Future[None], what: str) -> None:
    """Wait for pg_dump and tell the pump how it ended."""
    code = await dump.wait()
    if code == 0:
        ended.set_result(None)
        return
    error = BackupFailed(
        f"pg_dump of {what} failed (exit code {code}): {dump.messages}",
        "Fix the cause and back up again; what was written is cleaned up.",
        backup=backup,
    )
    ended.set_exception(error)


class _Counted:
    """A stream that counts what is read, and reports it every two seconds."""

    def __init__(self, stream: BinaryIO | Any, what: str) -> None:
        self._stream = stream
        self._what = what
        self._since = self._reported = time.monotonic()
        self.count = 0

    def read(self, number: int = -1) -> bytes:
        chunk: bytes = self._stream.read(_READ_BYTES if number < 0 else number)
        self.count += len(chunk)
        now = time.monotonic()
        if now - self._reported >= _REPORT_SECONDS:
            self._reported = now
            rate = size(self.count / (now - self._since))
            progress.report("backup.dumping", f"{self._what}: {size(self.count)}, {rate}/s", self.count)
        return chunk
