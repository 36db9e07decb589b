"""The tasks of the doctor."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from prefect.artifacts import acreate_markdown_artifact

from tasks.doctor.examine import DoctorInputs, examine
from tasks.doctor.finding import Finding
from tasks.doctor.markdown import as_markdown, summary
from tasks.doctor.preflight import preflight_of
from tasks.doctor.workspace import examine_folder
from tasks.postgres.connect import ConnectionSettings
from tasks.retries import step
from tasks.warehouse.feed_settings import NOTHING_TAKEN, Taken
from tasks.warehouse.grants import grant_read_access
from tasks.warehouse.ledger import BegunRun, Run, begin_run


@step("examine", "doctor", timeout_seconds=180)
async def examine_inputs(label: str, inputs: DoctorInputs) -> tuple[Finding, ...]:
    """Run every check; see ``tasks.doctor.examine.examine``."""
    return await examine(inputs)


@step("preflight", "doctor", timeout_seconds=300)
async def begin_after_preflight(
    label: str,
    warehouse: ConnectionSettings,
    run: Run,
    feed: str,
    analyst_roles: Sequence[str],
    workspace: Path,
    taken: Taken = NOTHING_TAKEN,
) -> BegunRun:
    """Record the run and read the feed like ``begin_in_warehouse``, and check in the same turn what would stop the run.

    Raises:
        PreflightFailed: a check found a problem.
    """
    examination = asyncio.create_task(examine_folder("workspace", workspace, "RETAIL_WORKSPACE"))
    try:
        begun = await begin_run(
            warehouse, run, feed, preflight_of(warehouse, analyst_roles, examination), taken
        )
    finally:
        examination.cancel()
    if begun.feed is not None:
        await grant_read_access(warehouse, analyst_roles)
    return begun


@step("publish", "doctor", timeout_seconds=60)
async def publish_findings(label: str, findings: Sequence[Finding]) -> None:
    """Publish the findings as a Markdown artifact of the flow run."""
    await acreate_markdown_artifact(
        as_markdown(findings), key="retail-doctor-findings", description=summary(findings)
    )
