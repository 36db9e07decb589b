"""The findings as Markdown, for the Prefect UI."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.doctor.finding import Finding, Status, blocking
from tasks.report.markdown import escaped

_MARKS = {
    Status.OK: "✓ ok",
    Status.WARNING: "⚠ warning",
    Status.PROBLEM: "✗ problem",
    Status.SKIPPED: "· skipped",
}


def summary(findings: Sequence[Finding]) -> str:
    """What it comes to, in a line."""
    problems = len(blocking(findings))
    warnings = sum(one.status is Status.WARNING for one in findings)
    counts = [
        f"{number} {word}{'s' if number > 1 else ''}"
        for number, word in ((problems, "problem"), (warnings, "warning"))
        if number
    ]
    said = ", ".join(counts) or "no problem"
    return f"{said}: a run would fail" if problems else f"{said}: a run can start"


def as_markdown(findings: Sequence[Finding]) -> str:
    """A table in the order of the findings."""
    rows = [
        f"| {_MARKS[one.status]} | {escaped(one.check)} | {escaped(one.what)} | {escaped(one.fix)} |"
        for one in findings
    ]
    head = ["| | looked at | found | what to do |", "| --- | --- | --- | --- |"]
    return f"# retail-doctor: {summary(findings)}\n\n" + "\n".join([*head, *rows]) + "\n"
