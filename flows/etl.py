"""The main job: deliveries to star schema."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
from datetime import UTC, datetime
from uuid import UUID, uuid4

from prefect import flow
from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from blocks import lookup, settings_sources
from flows import state_hooks
from flows.pipeline import PipelineResult, RunContext, failed_delivery, run_batches
from flows.request import EtlRequest, versions
from flows.result import build_report, raise_on_failure
from tasks import progress
from tasks.errors import RetailError
from tasks.ingest.discover import batches, discover
from tasks.postgres.connect import ConnectionSettings
from tasks.report.run_report import RunReport
from tasks.report.steps import publish_report, record_run
from tasks.report.timings import Stopwatch
from tasks.validate.settings import FeedSettings
from tasks.warehouse.ledger import Attempt, FeedState, Run, resolve_feed_settings
from tasks.warehouse.statistics import WarehouseFigures
from tasks.warehouse.steps import finish_warehouse, prepare_warehouse
from tasks.workspace.outputs import prune


@flow(
    name="retail-etl",
    timeout_seconds=settings_sources.execution_seconds(),
    persist_result=False,
    on_failure=[state_hooks.notify_failure],
    on_completion=[state_hooks.notify_completion],
    on_crashed=[state_hooks.notify_crash],
    on_cancellation=[state_hooks.notify_cancellation],
)
async def retail_etl(
    sources: list[str] | None = None,
    feed: str = "default",
    root: str | None = None,
    timezone: str | None = None,
    currency: str | None = None,
    date_format: str | None = None,
    identical_lines: str | None = None,
    quality_checks: bool = True,
    quality_threshold: float | None = None,
    load: bool = True,
    external_enrichment: bool = False,
    replace: bool = False,
    warehouse: str = "",
    alerts: str = "",
    retries: int | None = None,
    retry_delay_seconds: float | None = None,
) -> RunReport:
    """Load deliveries of sales lines into the star schema, exactly once.

    Args:
        sources: Files, folders or globs of CSV and Parquet, as paths on the worker that runs this. Empty
            loads the bundled Online Retail data.
        feed: Name of the source of these deliveries (a shop, a till system). Lines, invoices and deliveries
            belong to it.
        root: Folder whose path is cut off the deliveries' names, for feeds that are read on several machines.
        timezone: IANA time zone of the local times in the deliveries. Empty means the feed's, for a new feed
            Europe/London.
        currency: ISO 4217 currency of the prices. Empty means the feed's, for a new feed GBP.
        date_format: How dates such as 12/1/2010 are read: us, eu, iso (not at all), or a strptime pattern.
            Empty means the feed's; for a new feed it is found over all its deliveries.
        identical_lines: keep loads and numbers identical lines of a delivery, drop loads the first only. Empty
            means the feed's, for a new feed keep.
        quality_checks: Score the deliveries and refuse those below the threshold. Off, lines that cannot be
            stored are still set aside.
        quality_threshold: Percentage below which a delivery is refused, by its score or its share of usable
            lines. Empty means PIPELINE_QUALITY_THRESHOLD, by default 85.
        load: Load what passes. Off is a dry run: read, judge and score only, without a warehouse.
        external_enrichment: Enrich from external sources (not there yet).
        replace: Take replacements that withdraw more than a tenth of a delivery's lines.
        warehouse: Name of a SupabaseWarehouse block. Empty means RETAIL_WAREHOUSE, else DATABASE_URL of the
            process, else the embedded Postgres.
        alerts: Name of an Alerts block. Empty means RETAIL_ALERTS, else the channels of the environment.
        retries: How often a step is tried again while the cause can pass. Empty means
            PIPELINE_DEFAULT_RETRIES, by default 3.
        retry_delay_seconds: Seconds before the first of these, doubled each time. Empty means
            PIPELINE_RETRY_DELAY_MINUTES, by default 300 seconds.

    Returns:
        The run report; its fields are those of ``retail etl --json``.

    Raises:
        SettingsError: a parameter is wrong or refused; nothing was done.
        DeliveriesFailed: some deliveries could not be taken; the others are loaded. Carries ``report``.
        QualityBelowThreshold: some deliveries were refused by the gate; the others are loaded. Carries ``report``.
        RetailError: the warehouse or the workspace failed; what had committed is there.
    """
    progress.report("flow.began")
    given = {
        "pipeline_quality_threshold": quality_threshold,
        "pipeline_default_retries": retries,
        "pipeline_retry_delay_minutes": None if retry_delay_seconds is None else retry_delay_seconds / 60,
    }
    options = EtlRequest(
        sources=tuple(sources or ()),
        feed=feed,
        root=root,
        timezone=timezone,
        currency=currency,
        date_format=date_format,
        identical_lines=identical_lines,
        quality_checks=quality_checks,
        load=load,
        external_enrichment=external_enrichment,
        replace=replace,
        warehouse=warehouse,
        alerts=alerts,
        resolved=settings_sources.resolve(given),
    )
    options.check()
    # The collector need not look again and again through what Prefect and the libraries have made.
    gc.freeze()
    try:
        carriage = await _prepare(options)
        carried, passed_over = await _run(carriage)
        after = await _finish(carriage, carried)
        report = build_report(carriage, carried, passed_over, after)
        await _conclude(carriage, carried, report)
    finally:
        gc.unfreeze()
    raise_on_failure(report, carried.error)
    return report


async def _prepare(options: EtlRequest) -> RunContext:
    """Connect, bring the schema to head, read the ledger, settle the feed's settings.

    A database that is new gets its schema beside the reading: nothing in it must not be read again.
    """
    run = Run(
        UUID(flow_run.id) if flow_run.id else uuid4(), datetime.now(UTC), options.parameters(), versions()
    )
    address = await lookup.warehouse_settings(options.warehouse, options.resolved) if options.load else None
    watch = Stopwatch()
    feed, prepared, known = _settled(options, None), None, FeedState(None)
    if address is not None:
        is_new = asyncio.Event()
        prepared = asyncio.ensure_future(_prepare_warehouse(watch, address, run, options, is_new))
        noticing = asyncio.ensure_future(is_new.wait())
        await asyncio.wait([prepared, noticing], return_when=asyncio.FIRST_COMPLETED)
        noticing.cancel()
        if prepared.done():
            known = await prepared
            feed = _settled(options, known.settings)
    return RunContext(options, run, feed, known, address, prepared, watch)


def _settled(options: EtlRequest, stored: FeedSettings | None) -> FeedSettings:
    return resolve_feed_settings(
        stored,
        options.feed,
        options.timezone,
        options.currency,
        options.date_format,
        options.identical_lines,
    )


async def _prepare_warehouse(
    watch: Stopwatch, address: ConnectionSettings, run: Run, options: EtlRequest, is_new: asyncio.Event
) -> FeedState:
    with watch.stage("prepare"):
        return await options.retry.on(prepare_warehouse)(
            "schema and ledger", address, run, options.feed, options.settings.retail_analyst_roles, is_new
        )


async def _run(carriage: RunContext) -> tuple[PipelineResult, tuple[str, ...]]:
    """Carry what the sources hold, and name what was passed over; a warehouse that cannot be prepared ends
    that at once."""
    carrying = asyncio.ensure_future(_discover_and_run(carriage))
    try:
        if carriage.prepared is not None:
            await carriage.prepared
        return await carrying
    finally:
        if not carrying.done():
            carrying.cancel()
            await asyncio.wait([carrying])


async def _discover_and_run(carriage: RunContext) -> tuple[PipelineResult, tuple[str, ...]]:
    found = discover(carriage.options.paths, carriage.options.root)
    carried = await run_batches(carriage, batches(found.deliveries))
    deliveries = (*carried.deliveries, *(failed_delivery(one) for one in found.failed))
    return dataclasses.replace(carried, deliveries=deliveries), found.passed_over


async def _finish(carriage: RunContext, carried: PipelineResult) -> WarehouseFigures:
    """Complete the fact table's keys and indexes, even if nothing was new, and read the figures."""
    if carriage.warehouse is None or carried.error is not None:
        return WarehouseFigures({}, ())
    with carriage.watch.stage("finish"):
        loaded = sum(one.rows_loaded for one in carried.deliveries)
        return await carriage.options.retry.on(finish_warehouse)(
            "keys and indexes", carriage.warehouse, loaded
        )


async def _conclude(carriage: RunContext, carried: PipelineResult, report: RunReport) -> None:
    """Publish the report, record the run in the ledger, and delete what the workspace no longer needs."""
    attempts = [
        Attempt(one.name, one.outcome, one.reason, one.refusal, one.content_hash, one.quality_score)
        for one in report.deliveries
        if one.outcome in {"refused", "failed"}
    ]
    if carried.telling is not None:
        await asyncio.wait([carried.telling])
        if error := carried.telling.exception():
            get_run_logger().warning("The progress shown in the UI is incomplete: %s", error)
    try:
        retry = carriage.options.retry
        await retry.on(publish_report)("run report", report)
        if carriage.warehouse is not None:
            await retry.on(record_run)("in the ledger", carriage.warehouse, carriage.run, report, attempts)
    except RetailError as failure:
        if carried.error is None:
            raise
        # The run fails with the cause itself, not with what it did to the report.
        get_run_logger().warning("The report is incomplete: %s", failure)
    await _prune(carriage.options)


async def _prune(options: EtlRequest) -> None:
    """Delete what the workspace no longer needs; what cannot be deleted is told, for the run itself is done."""
    days = options.settings.retail_retention_days
    try:
        await asyncio.to_thread(prune, options.workspace, days)
    except OSError as error:
        get_run_logger().warning(
            "Bronze and silver unused for %s days could not be deleted (%s). Mend the rights of %s, or delete them by "
            "hand: they stay until a run can.",
            days,
            error,
            options.workspace,
        )
