"""The main job: deliveries to star schema."""

from __future__ import annotations

from prefect import flow

from blocks import settings_sources
from flows import state_hooks
from flows.pipeline import run_pipeline
from flows.request import EtlRequest
from flows.result import build_report, complete_warehouse, publish, raise_on_failure
from flows.run_context import begin_run
from tasks import progress
from tasks.report.run_report import RunReport


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
    request = EtlRequest(
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
    request.check()
    context = await begin_run(request)
    result = await run_pipeline(context)
    figures = await complete_warehouse(context, result)
    report = build_report(context, result, figures)
    await publish(context, result, report)
    raise_on_failure(report, result.error)
    return report
