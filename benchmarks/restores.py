"""Restores of a backup and of a dump, each into a new empty database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tasks.backup.create import BackupRequest, create_backup
from tasks.backup.keys.identities import read_identities
from tasks.backup.manifest import Manifest
from tasks.backup.restore.decrypted import DecryptedArchives
from tasks.backup.restore.restore import RestoreRequest, RestoreSource, restore_database
from tasks.postgres.embedded.server import OWNER

if TYPE_CHECKING:
    from benchmarks.backups import Bench

_TARGET = "restored"


class Restores:
    """The same warehouse as one backup and as one dump of pg_dump, and the ways to restore them.

    Args:
        bench: The warehouse; its dump ``last.dump`` has been made.
        administer: Runs a statement as superuser in the database ``postgres``.
    """

    def __init__(self, bench: Bench, administer: Callable[[str], None]) -> None:
        """See the class."""
        self._bench = bench
        self._administer = administer
        self._manifest: Manifest | None = None

    async def empty_target(self) -> None:
        """Make the database anew."""
        await asyncio.to_thread(self._administer, f"drop database if exists {_TARGET} with (force)")
        await asyncio.to_thread(self._administer, f"create database {_TARGET} owner {OWNER}")

    async def back_up(self) -> None:
        """Make the backup that is restored."""
        bench = self._bench
        request = BackupRequest((bench.recipient,), b"key")
        created = await create_backup(bench.settings, bench.vault, [bench.tools], request)
        self._manifest = created.manifest

    async def pg_restore(self) -> None:
        """Restore the dump with two jobs."""
        bench = self._bench
        dump = str(bench.folder / "last.dump")
        await asyncio.to_thread(bench.run, "pg_restore", "-j2", "--no-owner", "-d", bench.dsn(_TARGET), dump)

    async def restore(self) -> None:
        """Restore the backup: its definitions, grants, rows, keys and indexes."""
        bench = self._bench
        if self._manifest is None:
            raise RuntimeError("back_up() comes first.")
        archives = DecryptedArchives(bench.vault, self._manifest, read_identities(bench.identity_file))
        source = RestoreSource(self._manifest, archives, [bench.tools])
        await restore_database(source, replace(bench.settings, database=_TARGET), RestoreRequest())
