"""Tell what the change of type costs before it begins, and refuse it where the disk would fill."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from typing import Any

import asyncpg

from tasks import progress
from tasks.errors import WarehouseError
from tasks.outside_text import displayable
from tasks.postgres.queries import sql
from tasks.postgres.settings import ConnectionSettings

DECIMAL_QUANTITIES = "0023_any_shop"
# A line of decimals takes more room than one of whole numbers, and its new columns some more.
_WIDER = 1.25
# What the figures in docs/running.md took beyond the sizes; max_wal_size is a soft limit.
_MARGIN, _LOG_MARGIN = 1.15, 1.5
# The figures of an idle and a busy machine, and the disk that they took at most beyond what was taken before.
_LINES_A_SECOND = (180_000, 25_000)
_BYTES_A_LINE = 570
_MEGABYTE = 1_000_000


def estimate(lines: int) -> str:
    """Return about how long the change of type takes, and how much disk meanwhile, where only the lines are known."""
    return f"{_time(lines)} and {lines * _BYTES_A_LINE / _MEGABYTE:,.0f} MB of disk"


def _time(lines: int) -> str:
    least, most = (max(1, round(lines / speed)) for speed in _LINES_A_SECOND)
    return (
        f"about {least:,} s"
        if least == most
        else f"{least:,} s on an idle server to {most:,} s on a busy one"
    )


async def announce_upgrade(connection: asyncpg.Connection, settings: ConnectionSettings) -> None:
    """Announce like ``announce``, before scripts that do not do so themselves, and leave nothing behind."""
    await connection.execute(sql("remember_views", "tasks.warehouse.schema.any_shop"))
    await announce(connection, settings)
    await connection.execute("drop table pg_temp.dependent_view")


async def announce(connection: asyncpg.Connection, settings: ConnectionSettings) -> None:
    """Report the lines, the time and the disk that the change of type takes; nothing for a warehouse without lines.

    The disk is that of the embedded server's data folder, or of ``settings.disk_bytes``: a role that is no superuser
    cannot ask the server for its free space.

    Args:
        connection: Connection with the open transaction of the revision, after ``remember_views.sql``.
        settings: The warehouse.

    Raises:
        WarehouseError: the disk has less room than the change needs.
    """
    extent = json.loads(await connection.fetchval(sql("select_extent", "tasks.warehouse.schema.any_shop")))
    if not extent["lines"]:
        return
    needed = _needed_bytes(extent)
    free = _free_bytes(settings, extent["database_bytes"])
    if free is None:
        room = "how much is free is not known (RETAIL_DISK_MB tells the size of the disk)"
    else:
        room = f"{free / _MEGABYTE:,.0f} MB are free"
    detail = (
        f"quantities get decimals: {extent['lines']:,} lines are written anew, which takes {_time(extent['lines'])}, in "
        f"which the sales cannot be read, and {needed / _MEGABYTE:,.0f} MB of disk; {room}"
    )
    if extent["views"]:
        detail += f"; made again are {', '.join(displayable(name) for name in extent['views'])}"
    progress.report("schema.quantities", detail)
    if free is not None and free < needed:
        raise WarehouseError(
            f"its schema is not upgraded: the {extent['lines']:,} lines are written anew, which takes "
            f"{needed / _MEGABYTE:,.0f} MB of disk, and {free / _MEGABYTE:,.0f} MB are free.",
            "Free space or buy a larger disk, and state it in RETAIL_DISK_MB; then run again. Nothing was changed, and "
            "the release before goes on working with it.",
            warehouse=settings.display,
        )


def _needed_bytes(extent: Mapping[str, Any]) -> int:
    """Bytes that are taken until the transaction ends: what is written anew, and its write-ahead log."""
    anew = _MARGIN * (extent["table_bytes"] * _WIDER + extent["index_bytes"] + extent["view_bytes"])
    return int(anew + min(anew, _LOG_MARGIN * (extent["log_bytes"] or 0)))


def _free_bytes(settings: ConnectionSettings, database_bytes: int) -> int | None:
    free = []
    if settings.data_folder is not None:
        free.append(shutil.disk_usage(settings.data_folder).free)
    if settings.disk_bytes is not None:
        free.append(settings.disk_bytes - database_bytes)
    return min(free) if free else None
