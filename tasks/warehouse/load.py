"""Silver to star schema, exactly once: the one transaction of a load.

Under a lock that keeps loaders apart: drop what the ledger already holds, add the lines that are new, let
lines that are there be vouched for by each delivery that brings them, take out what a replacement no
longer has, and write the ledger. The union of the deliveries' lines is in the warehouse before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass

import asyncpg
import polars as pl

from tasks import progress
from tasks.errors import ReplacementRefused
from tasks.validate.score import Judged
from tasks.validate.silver import Silver
from tasks.warehouse.account import account, write_ledger
from tasks.warehouse.connect import ConnectionSettings, connected
from tasks.warehouse.ledger import READING_SETTINGS, Run, lock_loads, save_feed
from tasks.warehouse.merge import Parts, add_part
from tasks.warehouse.replace import lost_lines
from tasks.warehouse.statements import sql
from tasks.warehouse.withdraw import remove_lines
from tasks.warehouse.work import Load, Work

Turn = Callable[[], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Loaded:
    """What became of a delivery: ``outcome`` is loaded, replaced, unchanged or refused (with the reason)."""

    name: str
    outcome: str
    rows_in: int
    rows_loaded: int
    rows_duplicate: int
    rows_quarantined: int
    lines_withdrawn: int = 0
    refusal: ReplacementRefused | None = None


async def load(
    settings: ConnectionSettings,
    silver: Silver,
    accepted: Sequence[Judged],
    run: Run,
    turn: Turn = nullcontext,
    *,
    replace_anyway: bool = False,
) -> tuple[Loaded, ...]:
    """Load the ``accepted`` deliveries of ``silver`` in one transaction, with their ledger rows.

    A delivery that the ledger holds with the same bytes is left as it is (``unchanged``, or as loaded or
    replaced if this very run did so and only the answer to its COMMIT was lost). A replacement that would
    take out too many lines is refused unless ``replace_anyway``; the others load. The run must be in the
    ledger. Lines are read at once, the warehouse is spoken to within a ``turn``: a caller with several loads
    gives them in turn, so that none holds a connection only to wait for another.
    Raises Transient errors where trying again can help, else WarehouseError or FeedConflict.
    """
    parts = Parts(silver)
    try:
        async with turn(), connected(settings) as connection:
            async with connection.transaction():
                await lock_loads(connection)
                progress.report("load.locked")
                await save_feed(connection, silver.judging.feed)
                this = Load(connection, silver)
                settled, gone = await _compare_with_ledger(this, accepted, run, replace_anyway)
                if this.work:
                    await write_ledger(this, run)
                    progress.report("load.ledger_written")
                    for number in range(silver.parts):
                        await add_part(this, await parts.take(number))
                        progress.report("load.part_added", done=number + 1, total=silver.parts)
                    await remove_lines(connection, gone)
                    progress.report("load.withdrawn")
                    await account(this, run)
                    progress.report("load.accounted")
            progress.report("load.committed")
    finally:
        await parts.close()
    return (*settled, *(_loaded(one) for one in this.work.values()))


def _loaded(one: Work) -> Loaded:
    judged = one.judged
    return Loaded(
        judged.name,
        "replaced" if one.replaces else "loaded",
        judged.rows_in,
        one.owned,
        one.vouched + judged.rows_dropped,
        judged.rows_quarantined,
        one.withdrawn,
    )


async def _compare_with_ledger(
    this: Load, accepted: Sequence[Judged], run: Run, replace_anyway: bool
) -> tuple[list[Loaded], pl.DataFrame]:
    """Decide what each delivery is: unchanged, refused, or work; and which lines the replacements lose."""
    feed = this.silver.judging.feed.feed
    rows = await this.connection.fetch(
        "select * from retail_ops.delivery where feed = $1 and name = any($2::text[])",
        feed,
        [one.name for one in accepted],
    )
    ledger = {row["name"]: row for row in rows}
    of_this_run = [row["name"] for row in rows if row["run_id"] == run.run_id]
    outcomes: dict[str, str] = {}
    if of_this_run:  # the answer to its COMMIT was lost, and the task is retried
        outcomes = dict(
            await this.connection.fetch(sql("select_outcomes_of_run"), run.run_id, feed, of_this_run)
        )
    settled: list[Loaded] = []
    next_key = 1 + int(
        await this.connection.fetchval("select coalesce(max(delivery_key), 0) from retail_ops.delivery")
    )
    for judged in accepted:
        row = ledger.get(judged.name)
        if row is None:
            this.work[judged.name] = Work(judged, next_key, replaces=False)
            next_key += 1
        elif row["content_hash"] == judged.content_hash and row["reading_settings"] == READING_SETTINGS:
            settled.append(_as_recorded(row, outcomes.get(judged.name, "unchanged")))
        else:
            this.work[judged.name] = Work(judged, row["delivery_key"], replaces=True)
    gone, refusals = await lost_lines(this, replace_anyway)
    by_name = {judged.name: judged for judged in accepted}
    settled += [_refused(by_name[refusal.delivery], refusal) for refusal in refusals]
    return settled, gone


def _refused(judged: Judged, refusal: ReplacementRefused) -> Loaded:
    return Loaded(judged.name, "refused", judged.rows_in, 0, 0, judged.rows_quarantined, refusal=refusal)


def _as_recorded(row: asyncpg.Record, outcome: str) -> Loaded:
    return Loaded(
        row["name"],
        outcome,
        row["rows_in"],
        row["rows_loaded"],
        row["rows_duplicate"],
        row["rows_quarantined"],
    )
