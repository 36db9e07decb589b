"""The run report as Markdown, for the Prefect UI. Text from files is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasks.report.run_report import RunReport

_SHOWN = 50


def escaped(text: object) -> str:
    """Text that Markdown shows as it is."""
    plain = "".join(character if character.isprintable() else " " for character in str(text))
    for character in "\\`*_{}[]()<>#+!|~":
        plain = plain.replace(
            character, f"\\{character}" if character not in "<>" else {"<": "&lt;", ">": "&gt;"}[character]
        )
    return plain


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(escaped(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}"


def as_markdown(report: RunReport) -> str:
    """Render the report: totals, deliveries (those with a problem first), quality, stages, lineage."""
    lines = f"{report.rows_in:,} in = {report.rows_loaded:,} loaded + {report.rows_duplicate:,} duplicate + "
    lines += f"{report.rows_quarantined:,} quarantined"
    parts = [f"# retail-etl: {report.status}", escaped(lines)]
    if report.error:
        parts.append(f"**{escaped(report.error)}**")
    trouble = [one for one in report.deliveries if one.reason]
    if trouble:
        parts.append(
            _section(
                "Not taken",
                _table(
                    ("delivery", "outcome", "why"), [(one.name, one.outcome, one.reason) for one in trouble]
                ),
            )
        )
    order = sorted(report.deliveries, key=lambda one: (one.outcome == "unchanged", not one.rows_quarantined))
    parts.append(
        _section(
            f"Deliveries ({len(report.deliveries)}{f', {_SHOWN} shown' if len(order) > _SHOWN else ''})",
            _table(
                ("delivery", "outcome", "in", "loaded", "duplicate", "quarantined", "score", "SHA-256"),
                [
                    (
                        one.name,
                        one.outcome,
                        one.rows_in,
                        one.rows_loaded,
                        one.rows_duplicate,
                        one.rows_quarantined,
                        "" if one.quality_score is None else one.quality_score,
                        (one.content_hash or "")[:12],
                    )
                    for one in order[:_SHOWN]
                ],
            ),
        )
    )
    parts.append(_section("Quality", _table(("dimension", "score"), report.dimensions.items())))
    parts.append(
        _section(
            "Stages",
            _table(
                ("stage", "seconds at work", "rows", "rows per second"),
                [(one.stage, one.seconds, one.rows, one.rows_per_second) for one in report.stages],
            ),
        )
    )
    parts.append(_section("Warehouse", _table(("table", "rows"), report.tables.items())))
    used = [
        ("seconds", report.seconds),
        ("CPU seconds", report.cpu_seconds),
        ("memory peak, MB", report.peak_memory_mb),
    ]
    lineage = [
        ("run", report.run_id),
        ("warehouse", report.warehouse),
        ("report", report.report_path),
        *used,
        *report.feed.items(),
        *report.parameters.items(),
        *report.versions.items(),
    ]
    parts.append(_section("Run", _table(("what", "value"), lineage)))
    return "\n\n".join(parts) + "\n"
