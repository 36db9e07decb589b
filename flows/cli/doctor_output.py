"""The doctor's findings as a person reads them, and as a program does."""

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
    """Every finding, and whether a run can start."""
    counts = {status.value: sum(one.status is status for one in findings) for status in Status}
    return {
        "can_run": not blocking(findings),
        "counts": counts,
        "findings": [asdict(one) for one in findings],
    }


def print_findings(findings: Sequence[Finding]) -> None:
    """A table on a terminal; in a pipe plain lines, which nothing wraps or cuts."""
    if sys.stdout.isatty():
        _print_table(findings)
    else:
        _print_lines(findings)


def _in_order(findings: Sequence[Finding]) -> tuple[list[Finding], list[str]]:
    """Those to be told, and the names of what could not be looked at for one and the same reason."""
    findings = [_displayable(one) for one in findings]
    told = [one for one in findings if one.status is not Status.SKIPPED]
    left: dict[str, list[str]] = {}
    for one in findings:
        if one.status is Status.SKIPPED:
            left.setdefault(one.what, []).append(one.check)
    return told, [f"{', '.join(checks)} ({why})" for why, checks in left.items()]


def _displayable(finding: Finding) -> Finding:
    # A fix may be the end of a server's log.
    fix = displayable(finding.fix, keep="\n\t")
    return Finding(displayable(finding.check), finding.status, displayable(finding.what), fix)


def _print_table(findings: Sequence[Finding]) -> None:
    told, left = _in_order(findings)
    console = Console(highlight=False)
    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for one in told:
        style = _STYLES[one.status]
        said = Text(one.what)
        if one.fix:
            said.append(f"\n→ {one.fix}", style="dim" if one.status is Status.OK else style)
        table.add_row(Text(_MARKS[one.status], style=style), Text(one.check), said)
    for line in left:
        table.add_row(
            Text(_MARKS[Status.SKIPPED], style="dim"),
            Text("not looked at", style="dim"),
            Text(line, style="dim"),
        )
    console.print(table)
    console.print()
    console.print(Text(summary(findings), style="bold red" if blocking(findings) else "bold"))


def _print_lines(findings: Sequence[Finding]) -> None:
    told, left = _in_order(findings)
    width = max((len(one.check) for one in told), default=0)
    for one in told:
        print(f"{one.status:<8} {one.check:<{width}}  {one.what}")
        if one.fix:
            print(f"{'':<8} {'':<{width}}  -> {one.fix}")
    for line in left:
        print(f"{Status.SKIPPED:<8} {line}")
    print(summary(findings))
