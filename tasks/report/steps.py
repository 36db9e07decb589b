"""The tasks of the report stage."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from prefect.artifacts import acreate_markdown_artifact

from tasks.postgres.connect import ConnectionSettings
from tasks.report.markdown import as_markdown
from tasks.report.run_report import RunReport, save
from tasks.retries import step
from tasks.warehouse.ledger import Attempt, Run, finish_run


@step("publish", "report", timeout_seconds=300)
async def save_and_publish_report(label: str, report: RunReport) -> None:
    """Save the report in the workspace and publish it as a Markdown artifact of the flow run."""
    await asyncio.to_thread(save, report)
    await acreate_markdown_artifact(
        as_markdown(report),
        key="retail-etl-report",
        description=f"Report of run {report.run_id}, {report.status}",
    )


@step("record", "report", timeout_seconds=300)
async def record_run(
    label: str, warehouse: ConnectionSettings, run: Run, report: RunReport, attempts: Sequence[Attempt]
) -> None:
    """Write the run's final status, and the deliveries it could not load, to the ledger."""
    await finish_run(
        warehouse,
        run,
        report.feed["feed"],
        report.status,
        report.quality_score,
        attempts,
        report.degraded_reasons,
    )
