"""The tasks of the doctor."""

from __future__ import annotations

from collections.abc import Sequence

from prefect.artifacts import acreate_markdown_artifact

from tasks.doctor.examine import DoctorInputs, examine
from tasks.doctor.finding import Finding
from tasks.doctor.markdown import as_markdown, summary
from tasks.retries import step


@step("examine", "doctor", timeout_seconds=180)
async def examine_subjects(label: str, subjects: DoctorInputs) -> tuple[Finding, ...]:
    """Look at everything that a run needs; see ``tasks.doctor.examine.examine``."""
    return await examine(subjects)


@step("publish", "doctor", timeout_seconds=60)
async def publish_findings(label: str, findings: Sequence[Finding]) -> None:
    """Show the findings as a Markdown artifact of the flow run."""
    await acreate_markdown_artifact(
        as_markdown(findings), key="retail-doctor-findings", description=summary(findings)
    )
