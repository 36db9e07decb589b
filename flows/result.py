"""The end of a run: the warehouse's keys, its report, its record, and the error it fails with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import cast

from prefect.logging import get_run_logger
from prefect.settings import get_current_settings
from prefect.states import Completed

from flows.end_states import DRY_RUN, NOTHING_NEW
from flows.lineage import deliver
from flows.mapping_notes import mapping_notes, mapping_title
from flows.pipeline import PipelineResult
from flows.run_context import RunContext
from flows.run_end import RunEnd
from flows.run_request import RunRequest
from flows.vanished import marks_of, newly_vanished, vanished
from flows.without_columns import without_columns, without_columns_note
from tasks.errors import DeliveriesFailed, PrefectUnreachable, QualityBelowThreshold, RetailError
from tasks.postgres.traffic import network_so_far
from tasks.report.attempts import attempts_of
from tasks.report.lineage.assets import materializations
from tasks.report.lineage.etl import Places, end_etl
from tasks.report.lineage.run import JobData
from tasks.report.run_report import RunReport
from tasks.report.steps import record_run, save_and_publish_report
from tasks.report.timings import stage_times
from tasks.report.totals import totals
from tasks.retries import prefect_is_gone
from tasks.warehouse.finish import FinishedWarehouse
from tasks.warehouse.ledger import RunStatus
from tasks.warehouse.steps import finish_warehouse
from tasks.warehouse.warehouse_figures import WarehouseFigures
from tasks.workspace.outputs import prune

_NAMED = 5


async def complete_warehouse(
    context: RunContext, result: PipelineResult
) -> tuple[PipelineResult, FinishedWarehouse]:
    """Complete the fact table's keys and indexes, even if nothing was new, and read the figures.

    Returns:
        The result, with the error if this failed (all lines are loaded then), and the figures.
    """
    nothing = FinishedWarehouse(WarehouseFigures({}, ()))
    if context.warehouse is None or result.error is not None:
        return result, nothing
    loaded = sum(delivery.rows_loaded for delivery in result.deliveries)
    finish = context.request.retry.apply(finish_warehouse)
    try:
        with context.watch.stage("finish"):
            if context.finished is not None and all(
                delivery.outcome == "unchanged" for delivery in result.deliveries
            ):
                return result, context.finished
            is_new = context.preparation is not None
            return result, await finish("keys and indexes", context.warehouse, loaded, is_new=is_new)
    except PrefectUnreachable:
        raise
    except RetailError as error:
        return replace(result, error=error), nothing


def report_if_ended(context: RunContext, end: RunEnd, result_so_far: Callable[[], PipelineResult]) -> None:
    """Have a run that ends in the middle make a report of what it had done by then."""

    def report(status: RunStatus, error: str) -> RunReport:
        finished = FinishedWarehouse(WarehouseFigures({}, ()))
        return replace(build_report(context, result_so_far(), finished), status=status, error=error)

    def tell_end(status: RunStatus, error: str, report: RunReport | None) -> None:
        if report is None or context.lineage.is_ended:
            context.lineage.end("ABORT" if status == "cancelled" else "FAIL", JobData(), error)
        else:
            end_etl(context.lineage, _places(context), report, in_the_middle=True)

    end.report_so_far, end.tell_end = report, tell_end
    end.refused_so_far = lambda: result_so_far().refused
    end.kept_lines = context.request.settings.retail_kept_lines


async def tell_lineage(context: RunContext, report: RunReport) -> RunReport:
    """Send the lineage of a run that came to its end, and say in its report what was delivered."""
    end_etl(context.lineage, _places(context), report)
    return replace(report, lineage=await deliver(context.lineage))


def _places(context: RunContext) -> Places:
    return Places(context.request.workspace, context.warehouse)


def build_report(context: RunContext, result: PipelineResult, finished: FinishedWarehouse) -> RunReport:
    """Sum up a run."""
    request, run = context.request, context.run
    use = context.watch.use(network_so_far(), request.settings.prices())
    left = without_columns(context, result)
    failed = result.error is not None or any(delivery.is_failure for delivery in result.deliveries)
    return RunReport(
        run_id=str(run.run_id),
        status="failed" if failed else "completed",
        feed=asdict(result.feed) | {"mapping": mapping_title(result.feed.mapping)},
        warehouse=context.warehouse.display if context.warehouse else "",
        started_at=run.started_at.isoformat(timespec="seconds"),
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
        quality_threshold=request.quality_threshold,
        deliveries=result.deliveries,
        passed_over=result.passed_over,
        links_out=result.links_out,
        vanished=vanished(result),
        newly_vanished=newly_vanished(context, result),
        without_columns=left,
        settings=context.request.setting_sources(),
        tables=finished.figures.tables,
        top_countries=finished.figures.top_countries,
        stages=stage_times(use),
        seconds=use.seconds,
        cpu_seconds=use.cpu_seconds,
        peak_memory_mb=round(use.peak_memory_bytes / 1e6, 1),
        bytes_read=use.bytes_read,
        bytes_written=use.bytes_written,
        cost=use.costs(),
        parameters=run.parameters,
        versions=run.versions,
        report_path=str(request.workspace / "reports" / f"{run.run_id}.json"),
        error=str(result.error or ""),
        degraded=bool(finished.degraded_reasons),
        degraded_reasons=finished.degraded_reasons,
        network=use.network,
        notes=(*result.notes, *mapping_notes(context), *without_columns_note(request.feed, left)),
        **totals(result.deliveries),
    )


async def publish(context: RunContext, result: PipelineResult, report: RunReport, end: RunEnd) -> None:
    """Publish the report, record the run in the ledger, and delete what the workspace no longer needs."""
    retry = context.request.retry
    try:
        await _finish_progress(result)
        written = materializations(report, context.warehouse)
        await retry.apply(save_and_publish_report)("run report", report, written)
        if context.warehouse is not None:
            await retry.apply(record_run)(
                "in the ledger",
                context.warehouse,
                context.run,
                report,
                attempts_of(report, result.refused, context.known.refused),
                context.request.settings.retail_kept_lines,
                end.use(),
                marks_of(context, result),
            )
    except RetailError as failure:
        if result.error is None:
            raise
        end.prefect_lost = isinstance(failure, PrefectUnreachable)
        # The run fails with the cause itself, not with what it did to the report.
        get_run_logger().warning("The report is incomplete: %s", failure)
    else:
        end.report, end.recorded = report, True
    await _prune(context.request)


async def _finish_progress(result: PipelineResult) -> None:
    try:
        await result.progress.finish()
    except Exception as error:  # noqa: BLE001 - Prefect's own; the data work is done
        if prefect_is_gone(error):
            raise PrefectUnreachable.at(get_current_settings().api.url or "") from None
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
    # A delivery refused by another guard needs a person's decision, not better data.
    failed = [
        delivery
        for delivery in report.deliveries
        if delivery.outcome == "failed" or delivery.refusal in {"replacement_guard", "other_feed", "sums"}
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


def ending(report: RunReport, *, is_dry_run: bool) -> RunReport:
    """Name the state that the run ends in, by which a backup after a load is triggered.

    Prefect's event has the name of the state: a run that loaded something is ``Completed``, others are not. Whoever
    calls the flow gets the report in each case.
    """
    if not (is_dry_run or report.nothing_new):
        return report
    state: object = Completed(name=DRY_RUN if is_dry_run else NOTHING_NEW, data=report)
    return cast(RunReport, state)
