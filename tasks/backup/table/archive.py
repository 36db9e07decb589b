"""The rows and definitions of a single table in the archives of a backup, as pg_restore writes them out.

pg_restore cannot rename, so that its COPY goes over a connection of ours into the table that is meant.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import asyncpg

from tasks import progress
from tasks.backup.catalogue.catalogue import tables_above
from tasks.backup.catalogue.identifiers import parts_of
from tasks.backup.dump.child import started
from tasks.backup.restore.archive_reader import Archive, archive_input, list_file
from tasks.backup.restore.archive_restore import ArchiveRestore, Section, first_error, without_limits
from tasks.backup.restore.contents import Contents, Entry, parse_contents
from tasks.backup.restore.restore import RestoreSource
from tasks.errors import RestoreFailed
from tasks.postgres.copy import copy_text

_CHUNK = 1 << 20
_NAME = rb'(?:"(?:[^"]|"")*"|[^\s".()]+)'
_COPY = re.compile(rb"COPY " + _NAME + rb"\." + _NAME + rb" (?:\((.*)\))? ?FROM stdin;\n", re.DOTALL)
_COLUMN = re.compile(r'"((?:[^"]|"")*)"|([^\s",]+)')
_ENCODING = re.compile(rb"SET client_encoding = '(\w+)';\n")
_END = b"\\.\n"


class CopyStream:
    """What ``pg_restore --data-only`` writes: a block of COPY for each table."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._rest = b""
        self._is_open = False
        self.encoding = "UTF8"
        self.columns: list[str] = []

    def next_block(self) -> bool:
        """Go to the rows of the next table, whose columns are in ``columns`` then; return False at the end."""
        statement = b""
        while line := self._line():
            if match := _ENCODING.fullmatch(line):
                self.encoding = match[1].decode()
            # A name may have line breaks in it.
            if statement or line.startswith(b"COPY "):
                statement += line
            if statement and (match := _COPY.fullmatch(statement)):
                names = _COLUMN.findall((match[1] or b"").decode())
                self.columns = [quoted.replace('""', '"') or plain for quoted, plain in names]
                self._is_open = True
                return True
        return False

    def read_rows(self) -> bytes:
        """Return whole lines of the block, empty at its end."""
        while self._is_open:
            chunk = self._rest + (read := self._stream.read(_CHUNK))
            end = 0 if chunk.startswith(_END) else chunk.find(b"\n" + _END) + 1
            if end or chunk.startswith(_END):
                self._is_open = False
                self._rest = chunk[end + len(_END) :]
                return chunk[:end]
            if not read:
                raise RestoreFailed("the rows of a table end in the middle.")
            last = chunk.rfind(b"\n") + 1
            self._rest = chunk[last:]
            if last:
                return chunk[:last]
        return b""

    def _line(self) -> bytes:
        while b"\n" not in self._rest and (read := self._stream.read(_CHUNK)):
            self._rest += read
        line, newline, self._rest = self._rest.partition(b"\n")
        return line + newline


@dataclass(frozen=True)
class TableArchives:
    """The archives of a backup, for one of its tables.

    Attributes:
        source: The backup.
        restore: The programs.
    """

    source: RestoreSource
    restore: ArchiveRestore

    async def contents(self, name: str) -> Contents:
        """Return the table of contents of an archive."""
        catalogue: Mapping[str, Any] = self.source.manifest.catalogue
        schemas = {
            parts_of(key)[0]
            for section in ("schemas", "relations", "sequences", "statistics")
            for key in catalogue.get(section, {})
        }
        text = await self.restore.contents(Archive(name, self.source.open_archive))
        return parse_contents(text, schemas, set(catalogue.get("roles", {})))

    async def script(self, entries: Sequence[Entry], section: Section) -> str:
        """Return the statements of a section for a connection of ours, without the limits that they set."""
        async with self._output(self.source.main.name, entries, f"--section={section}") as stream:
            return without_limits((await asyncio.to_thread(stream.read)).decode())

    async def copy_rows(self, connection: asyncpg.Connection, table: str, into: tuple[str, str]) -> None:
        """Copy the rows of a table, or of all its partitions, in the open transaction.

        Args:
            connection: Connection of the transaction.
            table: Qualified name of the table in the backup.
            into: Plain names of the schema and the table that get the rows.

        Raises:
            RestoreFailed: pg_restore failed.
            BackupDamaged: an archive is not what the manifest says.
        """
        for name, leaves in self._leaves_by_archive(table).items():
            contents = await self.contents(name)
            entries = [
                entry
                for entry in contents.entries
                if entry.kind == "TABLE DATA" and (entry.schema, entry.name) in leaves
            ]
            if entries:
                await self._copy(connection, name, entries, into)

    async def _copy(
        self, connection: asyncpg.Connection, name: str, entries: Sequence[Entry], into: tuple[str, str]
    ) -> None:
        done = 0
        async with self._output(name, entries, "--data-only") as stream:
            copied = CopyStream(stream)

            async def rows() -> AsyncIterator[bytes]:
                nonlocal done
                while chunk := await asyncio.to_thread(copied.read_rows):
                    yield chunk
                    done += len(chunk)
                    progress.report("restore.rows", name, done)

            while await asyncio.to_thread(copied.next_block):
                await copy_text(connection, into, copied.columns, rows(), copied.encoding)

    def _leaves_by_archive(self, table: str) -> dict[str, set[tuple[str, ...]]]:
        manifest = self.source.manifest
        relations = manifest.catalogue["relations"]
        own = {archive.table: archive.name for archive in manifest.objects if archive.table}
        leaves: dict[str, set[tuple[str, ...]]] = {}
        for name, relation in relations.items():
            if relation["kind"] == "table" and table in tables_above(name, relations):
                leaves.setdefault(own.get(name, self.source.main.name), set()).add(parts_of(name))
        return leaves

    @asynccontextmanager
    async def _output(self, name: str, entries: Sequence[Entry], *arguments: str) -> AsyncIterator[BinaryIO]:
        """The output of pg_restore, which must be read to its end."""
        restore = self.restore
        use_list = "".join(f"{entry.dump_id};\n" for entry in entries)
        read_end, write_end = os.pipe()
        try:
            with os.fdopen(read_end, "rb", buffering=_CHUNK) as stream, list_file(use_list) as path:
                async with (
                    archive_input(Archive(name, self.source.open_archive)) as source,
                    started(
                        restore.tools.pg_restore,
                        [
                            "--file=-",
                            *arguments,
                            f"--use-list={path}",
                            "--no-owner",
                            "--no-tablespaces",
                            *source.arguments,
                        ],
                        major=restore.tools.major,
                        stdin=source.stdin,
                        stdout=write_end,
                        pass_fds=source.fds,
                    ) as child,
                ):
                    os.close(write_end)
                    write_end = -1
                    yield stream
                    code = await child.wait()
                    if code:
                        reason = first_error(child.first_messages) or f"exit code {code}"
                        raise RestoreFailed(
                            f"pg_restore failed: {reason.rstrip('.')}. The target was not touched.",
                            backup=restore.backup,
                        )
        finally:
            if write_end >= 0:
                os.close(write_end)
