"""The results of the integrity checks as text."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from tasks.outside_text import displayable
from tasks.warehouse.integrity.report import CheckResult, IntegrityReport

_STYLES = {"ok": "green", "warning": "yellow", "error": "bold red", "failed": "bold red"}


def print_report(report: IntegrityReport) -> None:
    """Print a line for each check, the samples and the statement of those with violations, and a summary."""
    console = Console(highlight=False, soft_wrap=True)
    width = max(len(result.name) for result in report.results)
    for result in report.results:
        line = Text(f"{result.status:<8}", style=_STYLES[result.status])
        line.append(f"{result.name:<{width}}  {_what(result)}", style="default")
        console.print(line)
        for sample in result.samples:
            console.print(Text(f"{'':<8}{_row(sample)}", style="dim"))
    for result in report.results:
        if result.status == "error":
            console.print(Text(f"\nAll violations of {result.name}:\n{result.statement};"))
    console.print(Text(f"\n{_summary(report)}", style="bold" if report.passed else "bold red"))


def _what(result: CheckResult) -> str:
    if result.violations is None:
        return f"could not run: {displayable(result.error)}"
    return f"{result.violations:,} {displayable(result.finds)}" if result.violations else "none"


def _row(sample: Mapping[str, str | None]) -> str:
    return "  ".join(
        f"{displayable(name)}={'null' if value is None else displayable(value)}"
        for name, value in sample.items()
    )


def _summary(report: IntegrityReport) -> str:
    counts = [f"{report.count(status)} {status}" for status in ("ok", "warning", "error", "failed")]
    return f"{len(report.results)} checks: {', '.join(counts)}."
