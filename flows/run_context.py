"""The start of a run: its record, its warehouse, and the feed's settings."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from prefect.runtime import flow_run

from blocks import lookup
from flows.run_request import RunRequest, versions
from tasks.postgres.connect import ConnectionSettings
from tasks.report.timings import Stopwatch
from tasks.validate.settings import FeedSettings
from tasks.warehouse.ledger import FeedState, Run, resolve_feed_settings
from tasks.warehouse.steps import inspect_warehouse, prepare_warehouse


@dataclass(frozen=True)
class RunContext:
    """What every stage of a run needs.

    ``warehouse`` is None in a dry run. ``preparation`` is the preparation of a new database, which goes on while
    deliveries are read; it must be done before anything is loaded, and is None where it is done already.
    """

    request: RunRequest
    run: Run
    feed: FeedSettings
    known: FeedState
    warehouse: ConnectionSettings | None
    preparation: asyncio.Task[FeedState] | None
    watch: Stopwatch


async def begin_run(request: RunRequest) -> RunContext:
    """Connect, bring the schema to head, record the run, read the ledger and resolve the feed's settings.

    Raises:
        SettingsError: a setting is wrong, or differs from the feed's.
        RetailError: the warehouse cannot be reached or prepared.
    """
    run_id = UUID(flow_run.id) if flow_run.id else uuid4()
    run = Run(run_id, datetime.now(UTC), request.parameters(), versions())
    warehouse = await lookup.warehouse_settings(request.warehouse, request.resolved) if request.load else None
    watch = Stopwatch()
    known, preparation = FeedState(None), None
    if warehouse is not None:
        with watch.stage("prepare"):
            revision = await request.retry.on(inspect_warehouse)("schema", warehouse)
        prepare = _prepare(request, run, warehouse, revision, watch)
        if revision is None:  # its ledger is empty: reading need not wait
            preparation = asyncio.create_task(prepare)
        else:
            known = await prepare
    feed = resolve_feed_settings(
        known.settings,
        request.feed,
        request.timezone,
        request.currency,
        request.date_format,
        request.identical_lines,
    )
    return RunContext(request, run, feed, known, warehouse, preparation, watch)


async def _prepare(
    request: RunRequest, run: Run, warehouse: ConnectionSettings, revision: str | None, watch: Stopwatch
) -> FeedState:
    with watch.stage("prepare"):
        return await request.retry.on(prepare_warehouse)(
            "schema and ledger", warehouse, run, request.feed, request.settings.retail_analyst_roles, revision
        )
