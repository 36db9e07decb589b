"""The end of a run: the warehouse's keys, its report, its record, and the error it fails with."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime

from prefect.logging import get_run_logger

from flows.pipeline import PipelineResult
from flows.run_context import RunContext
from flows.run_request import RunRequest
from tasks.errors import DeliveriesFailed, QualityBelowThreshold, RetailError
from tasks.report.run_report import RunReport, totals
from tasks.report.steps import record_run, save_and_publish_report
from tasks.report.timings import peak_memory_mb
from tasks.warehouse.ledger import Attempt
from tasks.warehouse.steps import FinishedWarehouse, finish_warehouse
from tasks.warehouse.warehouse_figures import WarehouseFigures
from tasks.workspace.outputs import prune

_NAMED = 5


async def complete_warehouse(context: RunContext, result: PipelineResult) -> FinishedWarehouse:
    """Complete the fact table's keys and indexes, even if nothing was new, and read the figures."""
    if context.warehouse is None or result.error is not None:
        return FinishedWarehouse(WarehouseFigures({}, ()))
    with context.watch.stage("finish"):
        loaded = sum(delivery.rows_loaded for delivery in result.deliveries)
        finish = context.request.retry.on(finish_warehouse)
        return await finish("keys and indexes", context.warehouse, loaded)


def build_report(context: RunContext, result: PipelineResult, finished: FinishedWarehouse) -> RunReport:
    """Sum up a run."""
    request, run = context.request, context.run
    failed = result.error is not None or any(delivery.reason for delivery in result.deliveries)
    return RunReport(
        run_id=str(run.run_id),
        status="failed" if failed else "completed",
        feed=asdict(context.feed),
        warehouse=context.warehouse.display if context.warehouse else "",
        started_at=run.started_at.isoformat(timespec="seconds"),
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
        quality_threshold=request.quality_threshold,
        deliveries=result.deliveries,
        passed_over=result.passed_over,
        links_out=result.links_out,
        settings=context.request.setting_sources(),
        tables=finished.figures.tables,
        top_countries=finished.figures.top_countries,
        stages=context.watch.stages(),
        seconds=round(context.watch.seconds, 3),
        cpu_seconds=round(context.watch.cpu_seconds, 3),
        peak_memory_mb=peak_memory_mb(),
        parameters=run.parameters,
        versions=run.versions,
        report_path=str(request.workspace / "reports" / f"{run.run_id}.json"),
        error=str(result.error or ""),
        degraded=bool(finished.degraded_reasons),
        degraded_reasons=finished.degraded_reasons,
        **totals(result.deliveries, context.feed.currency),
    )


async def publish(context: RunContext, result: PipelineResult, report: RunReport) -> None:
    """Publish the report, record the run in the ledger, and delete what the workspace no longer needs."""
    await _finish_progress(result)
    attempts = [
        Attempt(
            delivery.name,
            delivery.outcome,
            delivery.reason,
            delivery.refusal,
            delivery.content_hash,
            delivery.quality_score,
        )
        for delivery in report.deliveries
        if delivery.outcome in {"refused", "failed"}
    ]
    retry = context.request.retry
    try:
        await retry.on(save_and_publish_report)("run report", report)
        if context.warehouse is not None:
            await retry.on(record_run)("in the ledger", context.warehouse, context.run, report, attempts)
    except RetailError as failure:
        if result.error is None:
            raise
        # The run fails with the cause itself, not with what it did to the report.
        get_run_logger().warning("The report is incomplete: %s", failure)
    await _prune(context.request)


async def _finish_progress(result: PipelineResult) -> None:
    try:
        await result.progress.finish()
    except Exception as error:  # noqa: BLE001 - Prefect's own; the data work is done
        get_run_logger().warning("The progress shown in the UI is incomplete: %s", error)


async def _prune(request: RunRequest) -> None:
    """Delete what the workspace no longer needs; a failure is a warning, since the run itself is done."""
    days = request.settings.retail_retention_days
    try:
        await asyncio.to_thread(prune, request.workspace, days)
    except OSError as error:
        get_run_logger().warning(
            "Bronze and silver unused for %s days could not be deleted (%s). Fix the permissions of %s, or delete "
            "them by hand: they stay until a run can.",
            days,
            error,
            request.workspace,
        )


def raise_on_failure(report: RunReport, error: RetailError | None) -> None:
    """Raise what the run fails with, if it does: the error itself, DeliveriesFailed, or QualityBelowThreshold."""
    if error is not None:
        raise error
    rejected = [delivery for delivery in report.deliveries if delivery.refusal == "quality_gate"]
    # A delivery refused by the replacement guard needs a person's decision, not better data.
    failed = [
        delivery
        for delivery in report.deliveries
        if delivery.outcome == "failed" or delivery.refusal == "replacement_guard"
    ]
    not_loaded = failed + rejected
    if not not_loaded:
        return
    kind = DeliveriesFailed if failed else QualityBelowThreshold
    verb = "could not be loaded" if failed else "were rejected by the quality gate"
    lines = [delivery.message for delivery in not_loaded[:_NAMED]]
    if len(not_loaded) > _NAMED:
        lines.append(f"and {len(not_loaded) - _NAMED} more; see {report.report_path}")
    head = (
        f"{len(not_loaded)} of {len(report.deliveries)} deliveries {verb}{_others(report, len(not_loaded))}."
    )
    raise kind("\n".join([head, *lines]), report=report)


def _others(report: RunReport, not_loaded: int) -> str:
    if not_loaded == len(report.deliveries):
        return ""
    return "; the others are loaded" if report.warehouse else "; the others would load"
