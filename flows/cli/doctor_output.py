"""The doctor's findings as text and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tasks.doctor.finding import Finding, Status, blocking
from tasks.doctor.markdown import summary
from tasks.outside_text import displayable

_STYLES = {Status.OK: "green", Status.WARNING: "yellow", Status.PROBLEM: "bold red", Status.SKIPPED: "dim"}
_MARKS = {Status.OK: "✓", Status.WARNING: "!", Status.PROBLEM: "✗", Status.SKIPPED: "·"}


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return all findings, their counts by status, and whether a run can start."""
    counts = {status.value: sum(finding.status is status for finding in findings) for status in Status}
    return {
        "can_run": not blocking(findings),
        "counts": counts,
        "findings": [asdict(finding) for finding in findings],
    }


def print_findings(findings: Sequence[Finding]) -> None:
    """Print a table on a terminal, and plain lines without wrapping in a pipe."""
    if sys.stdout.isatty():
        _print_table(findings)
    else:
        _print_lines(findings)


def _group(findings: Sequence[Finding]) -> tuple[list[Finding], list[str]]:
    """Return the findings of checks that ran, and a line for each reason why checks were skipped."""
    findings = [_displayable(finding) for finding in findings]
    skipped: dict[str, list[str]] = {}
    for finding in findings:
        if finding.status is Status.SKIPPED:
            skipped.setdefault(finding.what, []).append(finding.check)
    ran = [finding for finding in findings if finding.status is not Status.SKIPPED]
    return ran, [f"{', '.join(checks)} ({reason})" for reason, checks in skipped.items()]


def _displayable(finding: Finding) -> Finding:
    # A fix may be the end of a server's log.
    fix = displayable(finding.fix, keep="\n\t")
    return Finding(displayable(finding.check), finding.status, displayable(finding.what), fix)


def _print_table(findings: Sequence[Finding]) -> None:
    ran, skipped = _group(findings)
    console = Console(highlight=False)
    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for finding in ran:
        style = _STYLES[finding.status]
        text = Text(finding.what)
        if finding.fix:
            text.append(f"\n→ {finding.fix}", style="dim" if finding.status is Status.OK else style)
        table.add_row(Text(_MARKS[finding.status], style=style), Text(finding.check), text)
    for line in skipped:
        table.add_row(
            Text(_MARKS[Status.SKIPPED], style="dim"),
            Text("skipped", style="dim"),
            Text(line, style="dim"),
        )
    console.print(table)
    console.print()
    console.print(Text(summary(findings), style="bold red" if blocking(findings) else "bold"))


def _print_lines(findings: Sequence[Finding]) -> None:
    ran, skipped = _group(findings)
    width = max((len(finding.check) for finding in ran), default=0)
    for finding in ran:
        print(f"{finding.status:<8} {finding.check:<{width}}  {finding.what}")
        if finding.fix:
            print(f"{'':<8} {'':<{width}}  -> {finding.fix}")
    for line in skipped:
        print(f"{Status.SKIPPED:<8} {line}")
    print(summary(findings))
