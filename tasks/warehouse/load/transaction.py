"""Silver to star schema, exactly once: the one transaction of a load.

Under a lock that keeps loaders apart: drop what the ledger already holds, add the lines that are new, let
lines that are there be vouched for by each delivery that brings them, take out what a replacement no
longer has, and write the ledger. The union of the deliveries' lines is in the warehouse before and after.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import polars as pl

from tasks import progress
from tasks.errors import ReplacementRefused
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.connection_limit import connection_limit
from tasks.postgres.queries import sql
from tasks.validate.score import DeliveryQuality
from tasks.validate.silver import Silver
from tasks.warehouse.ledger import READING_SETTINGS, Outcome, Run, save_feed
from tasks.warehouse.load.facts import Parts, add_part
from tasks.warehouse.load.plan import DeliveryLoad, LoadPlan
from tasks.warehouse.load.replacement import withdrawn_lines
from tasks.warehouse.load.write import write_bookkeeping, write_ledger
from tasks.warehouse.load_lock import lock_loads
from tasks.warehouse.withdraw import remove_lines


@dataclass(frozen=True)
class LoadedDelivery:
    """What became of a delivery: ``outcome`` is loaded, replaced, unchanged or refused (with the reason)."""

    name: str
    outcome: Outcome
    rows_in: int
    rows_loaded: int
    rows_duplicate: int
    rows_quarantined: int
    lines_withdrawn: int = 0
    refusal: ReplacementRefused | None = None


@dataclass(frozen=True)
class LoadResult:
    """The deliveries of a load, and the seconds it worked, without the wait for another load of this process."""

    deliveries: tuple[LoadedDelivery, ...]
    seconds: float


async def load(
    settings: ConnectionSettings,
    silver: Silver,
    accepted: Sequence[DeliveryQuality],
    run: Run,
    *,
    replace_anyway: bool = False,
) -> LoadResult:
    """Load the ``accepted`` deliveries of ``silver`` in one transaction, with their ledger rows.

    A delivery that the ledger holds with the same bytes is left as it is (``unchanged``, or as loaded or
    replaced if this very run did so and only the answer to its COMMIT was lost). A replacement that would
    take out too many lines is refused unless ``replace_anyway``; the others load. The run must be in the
    ledger. Lines are read at once, but no connection is taken while another load of this process works.
    Raises Transient errors where trying again can help, else WarehouseError or FeedConflict.
    """
    parts = Parts(silver)
    try:
        async with connection_limit(settings).load_slot, connected(settings) as connection:
            started = time.perf_counter()
            async with connection.transaction():
                await lock_loads(connection, settings)
                progress.report("load.locked")
                await save_feed(connection, silver.settings.feed)
                plan = LoadPlan(connection, silver)
                settled, withdrawn = await _compare_with_ledger(plan, accepted, run, replace_anyway)
                if plan.work:
                    await write_ledger(plan, run)
                    progress.report("load.ledger_written")
                    for number in range(silver.parts):
                        await add_part(plan, await parts.take(number))
                        progress.report("load.part_added", done=number + 1, total=silver.parts)
                    await remove_lines(connection, withdrawn)
                    progress.report("load.withdrawn")
                    await write_bookkeeping(plan, run)
                    progress.report("load.accounted")
            progress.report("load.committed")
    finally:
        await parts.close()
    deliveries = (*settled, *(_loaded(one) for one in plan.work.values()))
    return LoadResult(deliveries, time.perf_counter() - started)


def _loaded(one: DeliveryLoad) -> LoadedDelivery:
    quality = one.quality
    return LoadedDelivery(
        quality.name,
        "replaced" if one.replaces else "loaded",
        quality.rows_in,
        one.owned,
        one.further + quality.rows_dropped,
        quality.rows_quarantined,
        one.withdrawn,
    )


async def _compare_with_ledger(
    plan: LoadPlan, accepted: Sequence[DeliveryQuality], run: Run, replace_anyway: bool
) -> tuple[list[LoadedDelivery], pl.DataFrame]:
    """Decide what each delivery is: unchanged, refused, or work; and which lines the replacements lose."""
    feed = plan.silver.settings.feed.feed
    rows = await plan.connection.fetch(
        "select * from retail_ops.delivery where feed = $1 and name = any($2::text[])",
        feed,
        [one.name for one in accepted],
    )
    ledger = {row["name"]: row for row in rows}
    of_this_run = [row["name"] for row in rows if row["run_id"] == run.run_id]
    outcomes: dict[str, Outcome] = {}
    if of_this_run:  # the answer to its COMMIT was lost, and the task is retried
        outcomes = dict(
            await plan.connection.fetch(sql("select_outcomes_of_run"), run.run_id, feed, of_this_run)
        )
    settled: list[LoadedDelivery] = []
    next_key = 1 + int(
        await plan.connection.fetchval("select coalesce(max(delivery_key), 0) from retail_ops.delivery")
    )
    for quality in accepted:
        row = ledger.get(quality.name)
        if row is None:
            plan.work[quality.name] = DeliveryLoad(quality, next_key, replaces=False)
            next_key += 1
        elif row["content_hash"] == quality.content_hash and row["reading_settings"] == READING_SETTINGS:
            settled.append(_as_recorded(row, outcomes.get(quality.name, "unchanged")))
        else:
            plan.work[quality.name] = DeliveryLoad(quality, row["delivery_key"], replaces=True)
    withdrawn, refusals = await withdrawn_lines(plan, replace_anyway)
    by_name = {quality.name: quality for quality in accepted}
    settled += [_refused(by_name[refusal.delivery], refusal) for refusal in refusals]
    return settled, withdrawn


def _refused(quality: DeliveryQuality, refusal: ReplacementRefused) -> LoadedDelivery:
    return LoadedDelivery(
        quality.name, "refused", quality.rows_in, 0, 0, quality.rows_quarantined, refusal=refusal
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
