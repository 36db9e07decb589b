"""Deliveries that their sources no longer have: what the ledger notes of them, and their withdrawal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg

from tasks import progress
from tasks.errors import ReplacementRefused
from tasks.ingest.vanished import SearchedSource
from tasks.outside_text import displayable
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.queries import compact_sql
from tasks.warehouse.ledger import Run
from tasks.warehouse.load_lock import locked_transaction
from tasks.warehouse.withdraw import withdrawal_script


@dataclass(frozen=True)
class VanishedWithdrawal:
    """The withdrawal of vanished deliveries.

    Attributes:
        withdrawn: Lines in the warehouse by name, of the deliveries that were withdrawn.
        refused: Why the others were not, by name.
    """

    withdrawn: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, ReplacementRefused] = field(default_factory=dict)


async def withdraw_vanished(
    settings: ConnectionSettings,
    feed: str,
    sources: Sequence[SearchedSource],
    known: Mapping[str, str],
    run: Run,
    *,
    replace_anyway: bool = False,
) -> VanishedWithdrawal:
    """Withdraw the deliveries that are gone from their sources, in one transaction.

    If more than half of the lines that came from a source are gone, none of its deliveries is withdrawn. A delivery that
    another run has loaded since this run looked stays as it is.

    Args:
        settings: The warehouse.
        feed: Name of the feed.
        sources: The sources, with the deliveries that are gone.
        known: SHA-256 by name of the deliveries, when the run looked.
        run: The run; recorded with ``begin_run``.
        replace_anyway: Withdraw them however many they are.

    Raises:
        Transient: a retry can succeed.
        WarehouseError: the database rejected a statement.
    """
    gone = sorted(set().union(*(source.gone for source in sources)))
    held = sorted(set().union(*(source.held for source in sources)))
    async with connected(settings) as connection, locked_transaction(connection, settings):
        rows = {
            row["name"]: row for row in await connection.fetch(compact_sql("select_lines_held"), feed, held)
        }
        lines = {name: row["lines"] for name, row in rows.items()}
        refused = {} if replace_anyway else _refused(sources, lines)
        due = [
            name
            for name in gone
            if name not in refused and name in rows and rows[name]["content_hash"] == known.get(name)
        ]
        earlier = await _withdrawn_earlier(connection, run, [name for name in gone if name not in rows])
        if due:
            progress.report(
                "withdraw.lines", f"{len(due)} deliveries: {sum(lines[name] for name in due)} lines"
            )
            await connection.execute(
                withdrawal_script([rows[name]["delivery_key"] for name in due], run.run_id)
            )
    return VanishedWithdrawal({**dict.fromkeys(earlier, 0), **{name: lines[name] for name in due}}, refused)


def _refused(sources: Sequence[SearchedSource], lines: Mapping[str, int]) -> dict[str, ReplacementRefused]:
    refused = {}
    for source in sources:
        held = sum(lines.get(name, 0) for name in source.held)
        lost = sum(lines.get(name, 0) for name in source.gone)
        if 2 * lost <= held:
            continue
        for name in source.gone & lines.keys():
            refused[name] = ReplacementRefused(
                f"it is gone from {displayable(source.source)}, as are {lost:,} of the {held:,} lines that came from "
                "there, more than half. They stay loaded.",
                "Check that the folder is mounted and complete. If they are to go, run again with --withdraw-vanished "
                "--replace.",
                delivery=name,
                withdrawn=lost,
                held=held,
            )
    return refused


async def _withdrawn_earlier(connection: asyncpg.Connection, run: Run, names: Sequence[str]) -> list[str]:
    """Those of the names that this run withdrew in an earlier attempt, whose answer was lost."""
    if not names:
        return []
    rows = await connection.fetch(
        "select name from retail_ops.delivery_attempt "
        "where run_id = $1 and outcome = 'withdrawn' and name = any ($2)",
        run.run_id,
        names,
    )
    return [row["name"] for row in rows]


@dataclass(frozen=True)
class VanishedMarks:
    """What a run notes in the ledger about vanished deliveries.

    Attributes:
        gone: Names of the deliveries that it was the first to miss.
        back: Names of those that are there again.
        handling: ``report`` or ``ignore``, kept in the feed; empty to leave it as it is.
    """

    gone: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    handling: str = ""

    def __bool__(self) -> bool:
        return bool(self.gone or self.back or self.handling)


async def mark_vanished(settings: ConnectionSettings, feed: str, marks: VanishedMarks) -> None:
    """Note which deliveries of a feed vanished or came back, and how it handles them. Idempotent."""
    async with connected(settings) as connection:
        await connection.execute(
            compact_sql("mark_vanished"), feed, list(marks.gone), list(marks.back), marks.handling
        )
