"""The report of a watch as Markdown, for the Prefect UI."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.report.markdown import escape
from tasks.warehouse.watch import WatchReport


def summary(report: WatchReport) -> str:
    """The status with counts, on one line."""
    counts = (
        f"{len(notes)} {noun}{'' if len(notes) == 1 else 's'}"
        for notes, noun in ((report.problems, "problem"), (report.warnings, "warning"))
        if notes
    )
    return ", ".join(counts) or "no problems, no warnings"


def as_markdown(report: WatchReport) -> str:
    """The summary, what needs attention, and tables of health, integrity and sizes."""
    parts = [f"# retail-watch: {summary(report)}"]
    for title, notes in (("Problems", report.problems), ("Warnings", report.warnings)):
        if notes:
            parts.append(f"## {title}\n\n" + "\n".join(f"- {escape(note.text)}" for note in notes))
    parts.append(
        _table(
            "Health",
            ("check", "status", "found"),
            [(row.name, row.status, row.what) for row in report.health],
        )
    )
    if report.integrity:
        results = [
            (row.name, row.status, "" if row.violations is None else f"{row.violations:,}")
            for row in report.integrity.results
        ]
        parts.append(_table("Integrity", ("check", "status", "violations"), results))
    if report.statistics:
        sizes = [
            (table.table_name, f"{table.rows:,}", f"{table.total_bytes / 1e6:,.1f}")
            for table in report.statistics.tables
        ]
        parts.append(_table("Tables", ("table", "rows", "MB"), sizes))
    return "\n\n".join(parts) + "\n"


def _table(title: str, columns: tuple[str, ...], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(columns)} |", "|" + " --- |" * len(columns)]
    lines += [f"| {' | '.join(escape(cell) for cell in row)} |" for row in rows]
    return f"## {title}\n\n" + "\n".join(lines)
