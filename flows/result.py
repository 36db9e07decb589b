"""How a run ends: its report, and the error it fails with."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from flows.pipeline import PipelineResult, RunContext
from tasks.errors import DeliveriesFailed, QualityBelowThreshold, RetailError
from tasks.report.run_report import RunReport, totals
from tasks.report.timings import peak_memory_mb
from tasks.warehouse.load.replacement import GUARD_WORDS
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
    # A delivery refused by the replacement guard needs a person's answer, not better data.
    refused = [one for one in report.deliveries if one.outcome == "refused"]
    below = [one for one in refused if not _is_guard(one.reason)]
    broken = [one for one in report.deliveries if one.outcome == "failed"] + [
        one for one in refused if _is_guard(one.reason)
    ]
    kind = DeliveriesFailed if broken else QualityBelowThreshold
    told = broken + below
    if not told:
        return
    lines = [one.told for one in told[:_NAMED]]
    more = [f"and {len(told) - _NAMED} more; see {report.report_path}"] if len(told) > _NAMED else []
    what = "could not be taken" if broken else "were refused by the quality gate"
    head = f"{len(told)} of {len(report.deliveries)} deliveries {what}{_of_the_others(report, len(told))}."
    raise kind("\n".join([head, *lines, *more]), report=report)


def _of_the_others(report: RunReport, told: int) -> str:
    if told == len(report.deliveries):
        return ""
    return "; the others are loaded" if report.warehouse else "; the others would be loaded"


def _is_guard(reason: str) -> bool:
    return GUARD_WORDS in reason
