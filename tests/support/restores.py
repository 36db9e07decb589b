"""Backups for tests of restores: archives of pg_dump on disk, in plain, with the manifest of a real backup."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from tasks.backup.catalogue.catalogue import catalogue_hash, read_catalogue
from tasks.backup.catalogue.database import read_database
from tasks.backup.catalogue.differences import differences
from tasks.backup.catalogue.fingerprints import RULE, count_rows, row_differences
from tasks.backup.dump.child import started
from tasks.backup.dump.tools import Tools, choose_tools, find_tools
from tasks.backup.manifest import ArchiveObject, Manifest
from tasks.backup.restore.restore import RestoreRequest, RestoreResult, RestoreSource, restore_database
from tasks.backup.warehouse_state import read_warehouse_state
from tasks.postgres.connect import ConnectionSettings, connected


@dataclass(frozen=True)
class PlainBackup:
    """A backup whose archives lie in a folder."""

    folder: Path
    source: RestoreSource

    @property
    def manifest(self) -> Manifest:
        return self.source.manifest


async def back_up(settings: ConnectionSettings, folder: Path, big: Sequence[str] = ()) -> PlainBackup:
    """Dump a database, the rows of the tables in ``big`` in archives of their own."""
    folder.mkdir(exist_ok=True)
    tools = await find_tools()
    async with connected(settings) as connection:
        catalogue = await read_catalogue(connection)
        database = await read_database(connection, catalogue)
        rows = await count_rows(connection)
        version = int(await connection.fetchval("show server_version_num"))
        state = await read_warehouse_state(connection) if "retail_ops" in catalogue["schemas"] else None
    tool = choose_tools(tools, version // 10_000, needs_tls=False)
    selections = [("0000.dump", "", [f"--exclude-table-data={name}" for name in big])]
    selections += [
        (f"{number:04d}.dump", name, ["--data-only", f"--table={name}"]) for number, name in enumerate(big, 1)
    ]
    objects = []
    for name, table, arguments in selections:
        size = await _dump(tool, settings, folder / name, arguments)
        objects.append(ArchiveObject(name, table, size, "", size))
    manifest = Manifest(
        id=uuid4(),
        kind="full",
        tables=(),
        created_at=datetime.now(UTC),
        finished_at=datetime.now(UTC),
        database=settings.database,
        warehouse_address=settings.display,
        server_version=version,
        tool_version=tool.major,
        compression="gzip",
        snapshot="",
        locale=database.locale,
        included=(),
        excluded_schemas=(),
        not_restorable=database.not_restorable,
        catalogue=catalogue,
        catalogue_sha256=catalogue_hash(catalogue),
        fingerprint_rule=RULE,
        rows=rows,
        objects=tuple(objects),
        warehouse=state,
        package_version="0",
    )
    return PlainBackup(folder, RestoreSource(manifest, opener(folder), tools))


def opener(folder: Path) -> object:
    def open_archive(name: str) -> AbstractContextManager[BinaryIO]:
        return open(folder / name, "rb")

    return open_archive


async def _dump(tool: Tools, settings: ConnectionSettings, path: Path, arguments: Sequence[str]) -> int:
    # Through a pipe, as into a vault: an archive that could not seek lacks the places of its data.
    options = ["--format=custom", "--compress=6", "--no-password", *arguments]
    async with started(
        tool.pg_dump, options, settings=settings, major=tool.major, stdout=asyncio.subprocess.PIPE
    ) as child:
        assert child.process.stdout is not None
        path.write_bytes(await child.process.stdout.read())
        assert await child.wait() == 0, child.messages
    return path.stat().st_size


async def restore(backup: PlainBackup, target: ConnectionSettings, **request: object) -> RestoreResult:
    return await restore_database(backup.source, target, RestoreRequest(**request))  # type: ignore[arg-type]


async def differences_of(backup: PlainBackup, target: ConnectionSettings) -> list[str]:
    """What differs between a backup and a database: objects, privileges, rows."""
    async with connected(target) as connection:
        rows = row_differences(backup.manifest.rows, await count_rows(connection))
        major = int(await connection.fetchval("show server_version_num")) // 10_000
        catalogue = await read_catalogue(connection)
    return [
        *rows,
        *differences(backup.manifest.catalogue, catalogue, majors=(backup.manifest.server_major, major)),
    ]
