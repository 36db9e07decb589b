"""The flow ``retail_doctor``: check everything that a run needs before it runs."""

from __future__ import annotations

from flows import state_hooks
from flows.checked_flow import BlockName, flow
from flows.doctor_inputs import gather_inputs
from tasks.doctor.finding import Finding, blocking
from tasks.doctor.markdown import summary
from tasks.doctor.steps import examine_inputs, publish_findings
from tasks.errors import ProblemsFound
from tasks.outside_text import displayable


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
    warehouse: BlockName = "", alerts: BlockName = "", send_test: bool = False
) -> tuple[Finding, ...]:
    """Check everything that a run needs: database, workspace, Prefect and alert channels.

    Args:
        warehouse: Name of a SupabaseWarehouse block. Empty: RETAIL_WAREHOUSE, else DATABASE_URL, else the embedded
            Postgres.
        alerts: Name of an Alerts block. Empty: RETAIL_ALERTS, else the channels in the environment.
        send_test: Send a test alert through every channel.

    Returns:
        The findings, in reading order; the artifact retail-doctor-findings shows them.

    Raises:
        ProblemsFound: A run would fail. Attribute: ``findings``.
    """
    inputs = await gather_inputs(warehouse, alerts, send_test=send_test)
    findings = await examine_inputs("everything", inputs)
    await publish_findings("findings", findings)
    problems = blocking(findings)
    if problems:
        lines = [
            displayable(f"{problem.check}: {problem.what} {problem.fix}".rstrip()) for problem in problems
        ]
        raise ProblemsFound("\n".join([f"{summary(findings)}.", *lines]), findings=findings)
    return findings
