"""The flow that looks for what would stop a run, before one stops."""

from __future__ import annotations

from prefect import flow

from flows import hooks
from flows.subjects import gather
from tasks.doctor.finding import Finding, stop_a_run
from tasks.doctor.markdown import verdict
from tasks.doctor.steps import examine_subjects, publish_findings
from tasks.errors import ProblemsFound


@flow(
    name="retail-doctor",
    timeout_seconds=300,
    persist_result=False,
    on_failure=[hooks.tell_failure],
    on_completion=[hooks.tell_completion],
    on_crashed=[hooks.tell_crash],
    on_cancellation=[hooks.tell_cancellation],
)
async def retail_doctor(
    warehouse: str = "", alerts: str = "", send_test: bool = False
) -> tuple[Finding, ...]:
    """Look at everything that a run needs: the database, the workspace, Prefect, who is told.

    Args:
        warehouse: Name of a SupabaseWarehouse block. Empty means RETAIL_WAREHOUSE, else DATABASE_URL of the
            process, else the embedded Postgres.
        alerts: Name of an Alerts block. Empty means RETAIL_ALERTS, else the channels of the environment.
        send_test: Send a test alert through every channel.

    Returns:
        The findings, in order; the artifact retail-doctor-findings shows them.

    Raises:
        ProblemsFound: something would stop a run. Carries ``findings``.
    """
    subjects = await gather(warehouse, alerts, send_test=send_test)
    findings = await examine_subjects("everything", subjects)
    await publish_findings("findings", findings)
    problems = stop_a_run(findings)
    if problems:
        lines = [f"{one.check}: {one.what} {one.fix}".rstrip() for one in problems]
        raise ProblemsFound("\n".join([f"{verdict(findings)}.", *lines]), findings=findings)
    return findings
