"""The start of a run: its record, its warehouse, and the feed's settings."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from prefect.runtime import flow_run

from blocks import lookup
from flows.lineage import begin_lineage
from flows.run_end import RunEnd
from flows.run_request import RunRequest, versions
from tasks.doctor.steps import begin_after_preflight
from tasks.ingest.discover import Delivery
from tasks.ingest.hash_ahead import HashAhead
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.connection_limit import connection_limit
from tasks.report.lineage.run import LineageRun
from tasks.report.timings import Stopwatch
from tasks.validate.settings import FeedSettings
from tasks.warehouse.feed_settings import resolve_feed_settings
from tasks.warehouse.finish import FinishedWarehouse
from tasks.warehouse.held_words import added_words
from tasks.warehouse.ledger import BegunRun, FeedState, Run, counting_hashed
from tasks.warehouse.steps import begin_in_warehouse, check_added_words, prepare_warehouse


@dataclass(frozen=True)
class RunContext:
    """What every stage of a run needs.

    ``warehouse`` is None in a dry run. ``preparation`` is the preparation of a new database, which goes on while
    deliveries are read and sent; it is done before anything is merged, and None where it is done already. ``hashes`` has
    the SHA-256 of the deliveries that were hashed until the ledger answered; ``finished`` is its answer to what a run
    asks that changes nothing, if this one seemed to be such a run.
    """

    request: RunRequest
    run: Run
    feed: FeedSettings
    known: FeedState
    warehouse: ConnectionSettings | None
    preparation: asyncio.Task[FeedState] | None
    watch: Stopwatch
    lineage: LineageRun
    hashes: Mapping[Delivery, str]
    finished: FinishedWarehouse | None

    @contextmanager
    def stage(self, name: str, rows: int = 0) -> Iterator[None]:
        """Time a stage's work with its rows, and tell of it."""
        with self.watch.stage(name, rows), self.lineage.stage(name):
            yield


async def begin_run(request: RunRequest, end: RunEnd) -> RunContext:
    """Connect, bring the schema to head, record the run, read the ledger and resolve the feed's settings.

    ``end`` gets the run and its warehouse, so that it closes the run whatever happens next.

    Raises:
        SettingsError: a setting is wrong, or differs from the feed's.
        PreflightFailed: a check found what would make the run fail.
        RetailError: the warehouse cannot be reached or prepared.
    """
    run_id = UUID(flow_run.id) if flow_run.id else uuid4()
    run = Run(run_id, datetime.now(UTC), request.recorded_parameters(), versions())
    warehouse = await lookup.warehouse_settings(request.warehouse, request.resolved) if request.load else None
    end.run, end.warehouse, end.prices = run, warehouse, request.settings.prices()
    end.lineage = lineage = await begin_lineage(
        request.settings.lineage_targets, "retail-etl", request.feed, run
    )
    watch = end.watch
    known, preparation, finished = FeedState(None), None, None
    hashes: Mapping[Delivery, str] = {}
    if warehouse is not None:
        begun, hashes = await _begin_and_hash(request, run, warehouse, watch)
        if begun.feed is not None:
            known, finished = begun.feed, begun.finished
        else:
            prepare = _prepare(request, run, warehouse, begun.revision, watch)
            if begun.revision is None:  # its ledger is empty: reading need not wait
                preparation = asyncio.create_task(prepare)
            else:
                known = await prepare
    feed = resolve_feed_settings(
        known.settings,
        request.feed,
        request.asked_settings,
        take_mapping=request.take_mapping,
        take_columns=request.take_columns,
    )
    if warehouse is not None and (added := added_words(known.settings, feed)):
        await request.retry.apply(check_added_words)("for missing", warehouse, request.feed, added)
    return RunContext(request, run, feed, known, warehouse, preparation, watch, lineage, hashes, finished)


async def _begin_and_hash(
    request: RunRequest, run: Run, warehouse: ConnectionSettings, watch: Stopwatch
) -> tuple[BegunRun, Mapping[Delivery, str]]:
    ahead = HashAhead(
        request.paths, request.root, request.read_limits, follow_links=request.settings.retail_follow_links
    )
    # Without a meter: of what is hashed, only the deliveries that are not read again count as read.
    hashing = asyncio.create_task(asyncio.to_thread(ahead.run))
    try:
        with watch.stage("prepare"), counting_hashed(ahead.count):
            begun = await _begin(request, run, warehouse)
    finally:
        hashes = ahead.take()
    if hashing.done():
        hashing.result()
    return begun, hashes


async def _begin(request: RunRequest, run: Run, warehouse: ConnectionSettings) -> BegunRun:
    roles = request.settings.retail_analyst_roles
    if not request.preflight:
        return await request.retry.apply(begin_in_warehouse)(
            "ledger", warehouse, run, request.feed, roles, request.taken
        )
    return await request.retry.apply(begin_after_preflight)(
        "and ledger", warehouse, run, request.feed, roles, request.workspace, request.taken
    )


async def _prepare(
    request: RunRequest, run: Run, warehouse: ConnectionSettings, revision: str | None, watch: Stopwatch
) -> FeedState:
    limit = connection_limit(warehouse)
    # In place of a load, while another one may send its lines, and before anything is merged.
    async with limit.loads, limit.merge_slot:
        with watch.stage("prepare"):
            return await request.retry.apply(prepare_warehouse)(
                "schema and ledger",
                warehouse,
                run,
                request.feed,
                request.settings.retail_analyst_roles,
                revision,
                request.taken,
            )
