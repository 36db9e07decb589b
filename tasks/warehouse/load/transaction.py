"""Load silver into the star schema exactly once, in one transaction under the load lock.

The load skips deliveries that the ledger already has, adds new lines, records each delivery that repeats an existing
line as its further source, withdraws lines that a replacement no longer has, and writes the ledger. Before and after,
the warehouse has the union of the lines of its deliveries.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg
import polars as pl

from tasks import progress
from tasks.errors import DeliveryError, LedgerChanged, ReplacementRefused
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.connection_limit import connection_limit
from tasks.postgres.queries import sql
from tasks.validate.score import DeliveryQuality
from tasks.validate.silver import Silver
from tasks.warehouse.ledger import READING_SETTINGS, Outcome, Run, save_feed
from tasks.warehouse.load.facts import PartReader, add_part
from tasks.warehouse.load.plan import DeliveryLoad, LoadPlan
from tasks.warehouse.load.replacement import withdrawn_lines
from tasks.warehouse.load.write import write_bookkeeping, write_ledger
from tasks.warehouse.load_lock import lock_loads
from tasks.warehouse.withdraw import remove_lines


@dataclass(frozen=True)
class LoadedDelivery:
    """Outcome of a delivery: loaded, replaced, unchanged, refused or failed; ``refusal`` or ``error`` has the reason."""

    name: str
    outcome: Outcome
    rows_in: int
    rows_loaded: int
    rows_duplicate: int
    rows_quarantined: int
    lines_withdrawn: int = 0
    refusal: ReplacementRefused | None = None
    error: DeliveryError | None = None


@dataclass(frozen=True)
class LoadResult:
    """Deliveries of a load, and its duration in seconds without the wait for another load of this process."""

    deliveries: tuple[LoadedDelivery, ...]
    seconds: float


async def load(
    settings: ConnectionSettings,
    silver: Silver,
    accepted: Sequence[DeliveryQuality],
    run: Run,
    *,
    known: Mapping[str, str] | None = None,
    replace_anyway: bool = False,
) -> LoadResult:
    """Load accepted deliveries in one transaction, with their ledger rows.

    A delivery that the ledger has with the same bytes stays as it is: ``unchanged``, or ``loaded`` or ``replaced``
    if this run did it in an earlier attempt and lost the answer to its COMMIT. Reading starts at once; the
    connection is opened when no other load of this process is running.

    Args:
        settings: The warehouse.
        silver: Output of validate.
        accepted: Its deliveries that passed the quality gate.
        run: The run, recorded with ``start_run``.
        known: SHA-256 of each accepted delivery that the ledger had when the run looked; None to load whatever the ledger
            has now. A delivery that another run has loaded or withdrawn since then fails, and the others load: what
            this run read may be the older content.
        replace_anyway: Accept replacements that withdraw more lines than the guard allows. Without it they are
            refused and the other deliveries load.

    Raises:
        Transient: a retry can succeed.
        FeedConflict: another run has loaded the feed with other settings in the meantime.
        WarehouseError: the database rejected a statement.
    """
    parts = PartReader(silver)
    try:
        async with connection_limit(settings).load_slot, connected(settings) as connection:
            started = time.perf_counter()
            async with connection.transaction():
                await lock_loads(connection, settings)
                progress.report("load.locked")
                await save_feed(connection, silver.settings.feed)
                plan = LoadPlan(connection, silver)
                skipped, withdrawn = await _compare_with_ledger(plan, accepted, run, known, replace_anyway)
                if plan.deliveries:
                    await write_ledger(plan, run)
                    progress.report("load.ledger_written")
                    for number in range(silver.parts):
                        await add_part(plan, await parts.read(number))
                        progress.report("load.part_added", done=number + 1, total=silver.parts)
                    await remove_lines(connection, withdrawn)
                    progress.report("load.withdrawn")
                    await write_bookkeeping(plan, run)
                    progress.report("load.bookkeeping_written")
            progress.report("load.committed")
    finally:
        await parts.close()
    deliveries = (*skipped, *(_loaded(delivery) for delivery in plan.deliveries.values()))
    return LoadResult(deliveries, time.perf_counter() - started)


def _loaded(delivery: DeliveryLoad) -> LoadedDelivery:
    quality = delivery.quality
    return LoadedDelivery(
        quality.name,
        "replaced" if delivery.replaces else "loaded",
        quality.rows_in,
        delivery.owned,
        delivery.further + quality.rows_dropped,
        quality.rows_quarantined,
        delivery.withdrawn,
    )


async def _compare_with_ledger(
    plan: LoadPlan,
    accepted: Sequence[DeliveryQuality],
    run: Run,
    known: Mapping[str, str] | None,
    replace_anyway: bool,
) -> tuple[list[LoadedDelivery], pl.DataFrame]:
    """Add deliveries to the plan unless they are unchanged, refused or overtaken by another run.

    Returns:
        The other deliveries, and the lines to withdraw, columns as in ``DELIVERY_LINE``.
    """
    feed = plan.silver.settings.feed.feed
    rows = await plan.connection.fetch(
        "select * from retail_ops.delivery where feed = $1 and name = any($2::text[])",
        feed,
        [quality.name for quality in accepted],
    )
    ledger = {row["name"]: row for row in rows}
    loaded_by_this_run = [row["name"] for row in rows if row["run_id"] == run.run_id]
    outcomes: dict[str, Outcome] = {}
    if loaded_by_this_run:  # the answer to its COMMIT was lost, and the task is retried
        outcomes = dict(
            await plan.connection.fetch(sql("select_outcomes_of_run"), run.run_id, feed, loaded_by_this_run)
        )
    skipped: list[LoadedDelivery] = []
    next_key = 1 + int(
        await plan.connection.fetchval("select coalesce(max(delivery_key), 0) from retail_ops.delivery")
    )
    for quality in accepted:
        row = ledger.get(quality.name)
        held = row["content_hash"] if row and row["reading_settings"] == READING_SETTINGS else None
        if row is not None and held == quality.content_hash:
            skipped.append(_as_recorded(row, outcomes.get(quality.name, "unchanged")))
        elif known is not None and held != known.get(quality.name):
            skipped.append(_overtaken(quality, withdrawn=row is None))
        elif row is None:
            plan.deliveries[quality.name] = DeliveryLoad(quality, next_key, replaces=False)
            next_key += 1
        else:
            plan.deliveries[quality.name] = DeliveryLoad(quality, row["delivery_key"], replaces=True)
    withdrawn, refusals = await withdrawn_lines(plan, replace_anyway)
    by_name = {quality.name: quality for quality in accepted}
    skipped += [_refused(by_name[refusal.delivery], refusal) for refusal in refusals]
    return skipped, withdrawn


def _refused(quality: DeliveryQuality, refusal: ReplacementRefused) -> LoadedDelivery:
    return LoadedDelivery(
        quality.name, "refused", quality.rows_in, 0, 0, quality.rows_quarantined, refusal=refusal
    )


def _overtaken(quality: DeliveryQuality, *, withdrawn: bool) -> LoadedDelivery:
    what = "was withdrawn" if withdrawn else "was loaded with other content by another run"
    error = LedgerChanged(
        f"it {what} while this run worked; its present state stays.",
        "Run again: the delivery is then read anew.",
        delivery=quality.name,
    )
    return LoadedDelivery(
        quality.name, "failed", quality.rows_in, 0, 0, quality.rows_quarantined, error=error
    )


def _as_recorded(row: asyncpg.Record, outcome: Outcome) -> LoadedDelivery:
    return LoadedDelivery(
        row["name"],
        outcome,
        row["rows_in"],
        row["rows_loaded"],
        row["rows_duplicate"],
        row["rows_quarantined"],
    )
