"""The findings as Markdown, for the Prefect UI."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.doctor.finding import Finding, Status, blocking
from tasks.report.markdown import escape

_MARKS = {
    Status.OK: "✓ ok",
    Status.WARNING: "⚠ warning",
    Status.PROBLEM: "✗ problem",
    Status.SKIPPED: "· skipped",
}


def summary(findings: Sequence[Finding]) -> str:
    """Counts of problems and warnings, and whether a run can start, on one line."""
    problems = len(blocking(findings))
    warnings = sum(finding.status is Status.WARNING for finding in findings)
    counts = [
        f"{count} {noun}{'s' if count > 1 else ''}"
        for count, noun in ((problems, "problem"), (warnings, "warning"))
        if count
    ]
    result = ", ".join(counts) or "no problems"
    return f"{result}: a run would fail" if problems else f"{result}: a run can start"


def as_markdown(findings: Sequence[Finding]) -> str:
    """The summary and a table of the findings, in their order."""
    rows = [
        f"| {_MARKS[finding.status]} | {escape(finding.check)} | {escape(finding.what)} | {escape(finding.fix)} |"
        for finding in findings
    ]
    head = ["| | check | finding | what to do |", "| --- | --- | --- | --- |"]
    return f"# retail-doctor: {summary(findings)}\n\n" + "\n".join([*head, *rows]) + "\n"
