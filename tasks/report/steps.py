"""The tasks of the report stage."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from prefect.artifacts import acreate_markdown_artifact
from prefect.assets import Asset, AssetProperties
from prefect.context import AssetContext
from prefect.states import Completed

from tasks.postgres.connect import ConnectionSettings
from tasks.report.lineage.assets import Materialization
from tasks.report.markdown import as_markdown
from tasks.report.run_report import RunReport, save
from tasks.report.watch import as_markdown as watch_markdown
from tasks.report.watch import summary as watch_summary
from tasks.retries import step
from tasks.warehouse.ledger import Attempt, Run, finish_run
from tasks.warehouse.resource_use import ResourceUse
from tasks.warehouse.vanished import VanishedMarks, mark_vanished
from tasks.warehouse.watch import WatchReport


@step("publish", "report", timeout_seconds=300)
async def save_and_publish_report(
    label: str, report: RunReport, written: Sequence[Materialization] = ()
) -> None:
    """Save the report in the workspace, publish it as a Markdown artifact of the flow run, and name the assets."""
    await asyncio.to_thread(save, report)
    await acreate_markdown_artifact(
        as_markdown(report),
        key="retail-etl-report",
        description=f"Report of run {report.run_id}, {report.status}",
    )
    for materialization in written:
        _emit_assets(materialization)


def _emit_assets(written: Materialization) -> None:
    """Send the events that Prefect sends for a task made by ``@materialize``."""
    properties = {key: AssetProperties(name=name) for key, name in written.assets.items()}
    AssetContext(
        downstream_assets={Asset(key=key, properties=own) for key, own in properties.items()},
        direct_asset_dependencies={Asset(key=key) for key in written.made_of},
        materialized_by="prefect-retail",
        materialization_metadata={key: dict(written.metadata) for key in written.assets},
    ).emit_events(Completed())


@step("publish", "report", timeout_seconds=60)
async def publish_watch(label: str, report: WatchReport) -> None:
    """Publish the report of a watch as a Markdown artifact of the flow run."""
    await acreate_markdown_artifact(
        watch_markdown(report), key="retail-watch-report", description=watch_summary(report)
    )


@step("record", "report", timeout_seconds=300)
async def record_run(
    label: str,
    warehouse: ConnectionSettings,
    run: Run,
    report: RunReport,
    attempts: Sequence[Attempt],
    kept_lines: int,
    use: ResourceUse,
    vanished: VanishedMarks,
) -> None:
    """Write the run's final status, what it used, and the deliveries it could not load or misses, to the ledger."""
    if vanished:
        await mark_vanished(warehouse, report.feed["feed"], vanished)
    await finish_run(
        warehouse,
        run,
        report.feed["feed"],
        report.status,
        report.quality_score,
        attempts,
        report.degraded_reasons,
        kept_lines,
        use,
    )
