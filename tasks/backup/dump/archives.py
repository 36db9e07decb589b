"""The archives of a backup: one of everything but the data of big tables, and one for each of those, side by side.

A start of pg_dump costs a tenth of a second, so that an archive for every table would be slow. A table is big from a
size on; its archive holds nothing but its rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tasks import progress
from tasks.backup.catalogue.scope import PLATFORM_TABLES, Scope
from tasks.backup.dump.archive import ArchiveWriter
from tasks.backup.dump.holder import DumpedTable, Holder
from tasks.backup.manifest import ArchiveObject


@dataclass(frozen=True)
class Selection:
    """What one archive holds: arguments of pg_dump, and the table or managed schema whose rows it is."""

    number: int
    arguments: tuple[str, ...]
    table: str = ""
    managed: str = ""


def select_archives(
    tables: Sequence[DumpedTable], scope: Scope, managed: Sequence[str], big_table_bytes: int
) -> tuple[Selection, ...]:
    """Divide a backup into archives.

    Args:
        tables: The tables of the backup.
        scope: What it covers.
        managed: The managed schemas of this database; their definitions are never dumped.
        big_table_bytes: A table above this size gets an archive of its own.

    Returns:
        The archives in the order in which they are begun: big tables first, the biggest of them ahead.
    """
    big = sorted(
        (
            table
            for table in tables
            if table.bytes > big_table_bytes
            and not table.name.startswith(tuple(f"{schema}." for schema in scope.included))
        ),
        key=lambda table: -table.bytes,
    )
    of_tables = [
        Selection(number, ("--data-only", f"--table={table.name}"), table=table.name)
        for number, table in enumerate(big, 1)
    ]
    main = (
        # The partitions of a table are tables of their own to pg_dump.
        *(f"--table={table.name}" for table in tables if scope.tables),
        *(f"--exclude-schema={_pattern(schema)}" for schema in managed),
        *(f"--exclude-table-data={table.name}" for table in big),
    )
    of_schemas = [
        Selection(number, ("--data-only", *_rows_of(schema)), managed=schema)
        for number, schema in enumerate(scope.included, 1 + len(big))
    ]
    return (*of_tables, Selection(0, main), *of_schemas)


async def dump_archives(
    writer: ArchiveWriter, holder: Holder, selections: Sequence[Selection], jobs: int
) -> tuple[ArchiveObject, ...]:
    """Write the archives, ``jobs`` at a time, and return them by name. One that fails ends the others."""
    slots = asyncio.Semaphore(jobs)
    done = 0

    async def dump(selection: Selection) -> ArchiveObject:
        nonlocal done
        async with slots:
            archive = await writer.write(
                selection.number,
                holder,
                selection.arguments,
                table=selection.table,
                managed=selection.managed,
            )
        done += 1
        progress.report("backup.archives", "", done, len(selections))
        return archive

    async with first_error_raised(), asyncio.TaskGroup() as group:
        tasks = [group.create_task(dump(selection)) for selection in selections]
    return tuple(sorted((task.result() for task in tasks), key=lambda archive: archive.name))


@asynccontextmanager
async def first_error_raised() -> AsyncIterator[None]:
    """Raise the first error of a task group as it is: it ended the others."""
    try:
        yield
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


def _rows_of(schema: str) -> list[str]:
    platform = (name for name in PLATFORM_TABLES if name.startswith(f"{schema}."))
    return [f"--schema={_pattern(schema)}", *(f"--exclude-table={name}" for name in platform)]


def _pattern(name: str) -> str:
    """A pattern of pg_dump that fits this name only."""
    return '"' + name.replace('"', '""') + '"'
