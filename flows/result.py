"""How a run ends: its report, and the error it fails with."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from flows.pipeline import PipelineResult, RunContext
from tasks.errors import DeliveriesFailed, QualityBelowThreshold, RetailError
from tasks.report.run_report import RunReport, totals
from tasks.report.timings import peak_memory_mb
from tasks.warehouse.statistics import WarehouseFigures

_NAMED = 5


def build_report(
    carriage: RunContext, carried: PipelineResult, passed_over: tuple[str, ...], after: WarehouseFigures
) -> RunReport:
    """Sum up a run."""
    options, run = carriage.options, carriage.run
    problems = any(one.reason for one in carried.deliveries)
    return RunReport(
        run_id=str(run.run_id),
        status="failed" if problems or carried.error else "completed",
        feed=asdict(carriage.feed),
        warehouse=carriage.warehouse.display if carriage.warehouse else "",
        started_at=run.started_at.isoformat(timespec="seconds"),
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
        quality_threshold=options.quality_threshold,
        deliveries=carried.deliveries,
        passed_over=passed_over,
        tables=after.tables,
        top_countries=after.top_countries,
        stages=carriage.watch.stages(),
        seconds=round(carriage.watch.seconds, 3),
        cpu_seconds=round(carriage.watch.cpu_seconds, 3),
        peak_memory_mb=peak_memory_mb(),
        parameters=run.parameters,
        versions=run.versions,
        report_path=str(options.workspace / "reports" / f"{run.run_id}.json"),
        error=str(carried.error or ""),
        **totals(carried.deliveries, carriage.feed.currency),
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
