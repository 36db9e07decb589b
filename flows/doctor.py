"""The flow that looks for what would stop a run, before one stops."""

from __future__ import annotations

from prefect import flow

from flows import state_hooks
from flows.doctor_inputs import gather_inputs
from tasks.doctor.finding import Finding, blocking
from tasks.doctor.markdown import summary
from tasks.doctor.steps import examine_subjects, publish_findings
from tasks.errors import ProblemsFound


@flow(
    name="retail-doctor",
    timeout_seconds=300,
    persist_result=False,
    on_failure=[state_hooks.notify_failure],
    on_completion=[state_hooks.notify_completion],
    on_crashed=[state_hooks.notify_crash],
    on_cancellation=[state_hooks.notify_cancellation],
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
    subjects = await gather_inputs(warehouse, alerts, send_test=send_test)
    findings = await examine_subjects("everything", subjects)
    await publish_findings("findings", findings)
    problems = blocking(findings)
    if problems:
        lines = [f"{one.check}: {one.what} {one.fix}".rstrip() for one in problems]
        raise ProblemsFound("\n".join([f"{summary(findings)}.", *lines]), findings=findings)
    return findings
