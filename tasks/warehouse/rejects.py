"""The faulty lines of deliveries, those of refused ones too."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import asyncpg

from tasks.errors import DeliveryMissing
from tasks.postgres.queries import compact_sql, inlined
from tasks.warehouse.questions import Warehouse, reading

_SECONDS = 300.0
_COUNT = "select count(*) from retail_ops.rejected_line where attempt_id = any ($1::bigint[])"


@dataclass(frozen=True)
class RejectedAttempt:
    """An attempt with faulty lines; the warehouse keeps ``lines_kept`` of its ``rows_quarantined``."""

    attempt_id: int
    feed: str
    name: str
    outcome: str
    attempted_at: datetime
    run_id: str
    rows_in: int
    rows_quarantined: int
    lines_kept: int


@dataclass(frozen=True)
class RejectedLine:
    """A line and one rule that it violates, with the value as delivered."""

    feed: str
    delivery: str
    line: int
    rule: str
    value: str | None
    raw: str
    run: str
    time: datetime
    outcome: str
    attempt_id: int


@dataclass(frozen=True)
class Rejects:
    """Attempts with faulty lines, the last first, and the first of those lines."""

    attempts: tuple[RejectedAttempt, ...]
    lines: tuple[RejectedLine, ...]


@dataclass(frozen=True)
class RejectedLines:
    """Some faulty lines, one for each rule that they violate, and the number of all that were asked for."""

    lines: tuple[RejectedLine, ...]
    total: int


async def read_rejects(
    warehouse: Warehouse, name: str = "", *, history: bool = False, limit: int = 1000
) -> Rejects:
    """Read the faulty lines of deliveries: of the content in the warehouse, and of refusals after it.

    Args:
        warehouse: The warehouse, or a pool of connections to it.
        name: Name of a delivery, or the path of its file; empty for all deliveries.
        history: Read those of earlier attempts too.
        limit: Most rows to read, one per line and rule.

    Raises:
        DeliveryMissing: no delivery of that name was ever attempted.
        WarehouseError: the schema has another revision than this release.
    """
    async with reading(warehouse, _SECONDS) as connection:
        attempts = await _attempts(connection, _names(name), name, history=history)
        rows = (
            await connection.fetch(compact_sql("select_rejected_lines"), _ids(attempts), limit, 0)
            if attempts and limit
            else []
        )
    return Rejects(attempts, tuple(RejectedLine(**row) for row in rows))


async def list_rejected_lines(
    warehouse: Warehouse,
    *,
    delivery: str = "",
    feed: str = "",
    history: bool = False,
    limit: int = 1000,
    offset: int = 0,
) -> RejectedLines:
    """List the faulty lines of deliveries, as ``read_rejects`` does.

    Args:
        warehouse: The warehouse, or a pool of connections to it.
        delivery: Name of a delivery as the ledger has it; empty for all.
        feed: Name of a feed; empty for all.
        history: List those of earlier attempts too.
        limit: Most rows to list, one per line and rule.
        offset: Rows to pass over.

    Raises:
        DeliveryMissing, WarehouseError: see ``read_rejects``.
    """
    async with reading(warehouse, _SECONDS) as connection:
        names = [delivery] if delivery else []
        ids = _ids(await _attempts(connection, names, delivery, feed, history=history))
        rows = await connection.fetch(compact_sql("select_rejected_lines"), ids, limit, offset)
        total = await connection.fetchval(_COUNT, ids)
    return RejectedLines(tuple(RejectedLine(**row) for row in rows), total)


async def write_rejects(
    warehouse: Warehouse, path: Path, name: str = "", *, history: bool = False
) -> Rejects:
    """Write all faulty lines of deliveries as CSV into a file that only its owner can read.

    What a spreadsheet would run as a formula has an apostrophe before it.

    Returns:
        The attempts; no lines.

    Raises:
        DeliveryMissing: see ``read_rejects``.
        OSError: the file cannot be written.
    """
    async with reading(warehouse, _SECONDS) as connection:
        attempts = await _attempts(connection, _names(name), name, history=history)
        ids = f"{{{','.join(str(number) for number in _ids(attempts))}}}"
        query = inlined(compact_sql("select_rejected_lines_for_spreadsheets"), ids)
        with _private(path) as file:
            await connection.copy_from_query(query, output=file, format="csv", header=True)
    return Rejects(attempts, ())


def _private(path: Path) -> BinaryIO:
    file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
    os.fchmod(file.fileno(), 0o600)  # it may have been there
    return file


def _names(name: str) -> list[str]:
    """What the ledger may call the delivery: its name, or the absolute path of its file, as discovery names it."""
    return sorted({name, os.path.realpath(os.path.expanduser(name))}) if name else []


def _ids(attempts: Sequence[RejectedAttempt]) -> list[int]:
    return [attempt.attempt_id for attempt in attempts]


async def _attempts(
    connection: asyncpg.Connection, names: Sequence[str], name: str, feed: str = "", *, history: bool
) -> tuple[RejectedAttempt, ...]:
    rows = await connection.fetch(compact_sql("select_rejected_attempts"), names, history, feed)
    if names and not rows:
        known = "select exists (select from retail_ops.delivery_attempt where name = any ($1::text[]))"
        if not await connection.fetchval(known, names):
            raise DeliveryMissing(
                "no run has tried to load a delivery of that name.",
                "List the names: retail deliveries",
                delivery=name,
            )
    return tuple(RejectedAttempt(**row) for row in rows)
