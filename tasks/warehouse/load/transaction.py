"""Load silver into the star schema exactly once: code, stage, merge.

Lines are coded into narrow frames and sent into temporary tables without a lock; one script under the load lock then
merges them and keeps the books, in one transaction. The load skips deliveries that the ledger already has, adds new
lines, records each delivery that repeats an existing line as its further source, and withdraws lines that a
replacement no longer has. Before and after, the warehouse has the union of the lines of its deliveries.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from tasks import progress
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.connection_limit import connection_limit
from tasks.validate.score import DeliveryQuality
from tasks.validate.silver import Silver
from tasks.warehouse.ledger import Run
from tasks.warehouse.load.merge import merge, unpack
from tasks.warehouse.load.parts import PartReader
from tasks.warehouse.load.refusals import LoadedDelivery, Overrides, not_loaded
from tasks.warehouse.load.staging import mark_empty, stage

__all__ = ["LoadResult", "LoadedDelivery", "load"]


@dataclass(frozen=True)
class LoadResult:
    """Deliveries of a load, and its duration in seconds without the wait for the merge of another load of this process."""

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
    take_mapping: bool = False,
    take_columns: bool = False,
    accept_known_bytes: bool = False,
) -> LoadResult:
    """Load accepted deliveries in one transaction, with their ledger rows.

    A delivery that the ledger has with the same bytes stays as it is: ``unchanged``, or ``loaded`` or ``replaced``
    if this run did it in an earlier attempt and lost the answer to its COMMIT. Reading starts at once. Loads of this
    process send their lines side by side and are merged one by one.

    Args:
        settings: The warehouse.
        silver: Output of validate.
        accepted: Its deliveries that passed the quality gate.
        run: The run, recorded with ``start_run``.
        known: SHA-256 of each accepted delivery that the ledger had when the run looked; None to load whatever the
            ledger has now. A delivery that another run has loaded or withdrawn since then fails, and the others load:
            what this run read may be the older content.
        replace_anyway: Accept replacements that withdraw more lines than the guard allows. Without it they are
            refused and the other deliveries load.
        take_mapping: Give the feed the mapping by which these lines were read, if it has another.
        take_columns: Let the columns of the feed count that it passes over, as they did for these lines.
        accept_known_bytes: Accept deliveries whose bytes another feed has loaded. Without it they are refused, likewise.

    Raises:
        Transient: a retry can succeed.
        FeedConflict: another run has loaded the feed with other settings in the meantime.
        WarehouseError: the database rejected a statement.
    """
    overrides = Overrides(replace_anyway, accept_known_bytes, take_mapping, take_columns)
    left = list(accepted)
    outcomes: list[LoadedDelivery] = []
    seconds = 0.0
    while left:
        skipped, loaded, duration = await _load_or_skip(settings, silver, left, run, known, overrides)
        outcomes += [*skipped, *loaded]
        seconds += duration
        done = {delivery.name for delivery in (*skipped, *loaded)}
        left = [quality for quality in left if quality.name not in done]
    return LoadResult(tuple(outcomes), seconds)


async def _load_or_skip(
    settings: ConnectionSettings,
    silver: Silver,
    accepted: Sequence[DeliveryQuality],
    run: Run,
    known: Mapping[str, str] | None,
    overrides: Overrides,
) -> tuple[list[LoadedDelivery], list[LoadedDelivery], float]:
    """Load all deliveries, or none if some must not be loaded; return these, the loaded ones, and the seconds."""
    parts = PartReader(silver, {quality.name: number for number, quality in enumerate(accepted)})
    try:
        async with connection_limit(settings).loads, connected(settings) as connection:
            started = time.perf_counter()
            line_columns = await stage(
                connection, settings, silver, accepted, run, parts, known=known, overrides=overrides
            )
            by_name = {quality.name: quality for quality in accepted}
            slot = connection_limit(settings).merge_slot
            seconds = 0.0
            try:
                if slot.locked():  # while another load is merged, a turn costs no time
                    await unpack(connection, line_columns)
                seconds = time.perf_counter() - started
                async with slot:
                    started = time.perf_counter()
                    rows = await merge(
                        connection,
                        settings,
                        may_replace=known is None or not by_name.keys().isdisjoint(known),
                        line_columns=line_columns,
                        takes_columns=overrides.take_columns,
                    )
                    seconds += time.perf_counter() - started
            except asyncpg.PostgresError as error:
                skipped = not_loaded(error, by_name, silver.settings.feed)
                return skipped, [], seconds + time.perf_counter() - started
            progress.report("load.committed")
            mark_empty(connection)
            loaded = [_loaded(by_name[row["name"]], row) for row in rows]
            return [], loaded, seconds
    finally:
        await parts.close()


def _loaded(quality: DeliveryQuality, row: Mapping[str, Any]) -> LoadedDelivery:
    return LoadedDelivery(
        quality.name,
        "replaced" if row["replaces"] else "loaded",
        quality.rows_in,
        row["rows_loaded"],
        row["rows_duplicate"],
        quality.rows_quarantined,
        row["lines_withdrawn"],
    )
