"""The tasks of the doctor."""

from __future__ import annotations

from collections.abc import Sequence

from prefect.artifacts import acreate_markdown_artifact

from tasks.doctor.examine import DoctorInputs, examine
from tasks.doctor.finding import Finding
from tasks.doctor.markdown import as_markdown, summary
from tasks.retries import step


@step("examine", "doctor", timeout_seconds=180)
async def examine_inputs(label: str, inputs: DoctorInputs) -> tuple[Finding, ...]:
    """Run every check; see ``tasks.doctor.examine.examine``."""
    return await examine(inputs)


@step("publish", "doctor", timeout_seconds=60)
async def publish_findings(label: str, findings: Sequence[Finding]) -> None:
    """Publish the findings as a Markdown artifact of the flow run."""
    await acreate_markdown_artifact(
        as_markdown(findings), key="retail-doctor-findings", description=summary(findings)
    )
