"""The run report as Markdown, for the Prefect UI. Text from files is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tasks.outside_text import displayable

if TYPE_CHECKING:
    from tasks.report.run_report import RunReport

_SHOWN = 50


def escape(text: object) -> str:
    """Escape text so that Markdown shows it literally, on one line."""
    plain = displayable(text)
    for character in "\\`*_{}[]()<>#+!|~":
        plain = plain.replace(
            character, f"\\{character}" if character not in "<>" else {"<": "&lt;", ">": "&gt;"}[character]
        )
    return plain


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(escape(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}"


def _origins(report: RunReport) -> list[str]:
    """Sections on where the run's settings and some of its deliveries come from."""
    sections = []
    if report.settings:
        sections.append(_section("Settings", _table(("setting", "from"), report.settings.items())))
    if report.links_out:
        shown = list(report.links_out.items())[:_SHOWN]
        more = f", {_SHOWN} shown" if len(report.links_out) > _SHOWN else ""
        title = f"Links out of the sources ({len(report.links_out)}{more})"
        sections.append(_section(title, _table(("link", "leads to"), shown)))
    return sections


def as_markdown(report: RunReport) -> str:
    """Render the report: totals, rejected and failed deliveries, all deliveries, quality, stages, lineage."""
    balance = (
        f"{report.rows_in:,} in = {report.rows_loaded:,} loaded + {report.rows_duplicate:,} duplicate + "
    )
    balance += f"{report.rows_quarantined:,} quarantined"
    parts = [f"# retail-etl: {report.status}", escape(balance)]
    if report.error:
        parts.append(f"**{escape(report.error)}**")
    parts += [f"**Degraded: {escape(reason)}.**" for reason in report.degraded_reasons]
    problems = [delivery for delivery in report.deliveries if delivery.reason]
    if problems:
        parts.append(
            _section(
                "Not loaded",
                _table(
                    ("delivery", "outcome", "reason"),
                    [(delivery.name, delivery.outcome, delivery.reason) for delivery in problems],
                ),
            )
        )
    ordered = sorted(
        report.deliveries,
        key=lambda delivery: (delivery.outcome == "unchanged", not delivery.rows_quarantined),
    )
    parts.append(
        _section(
            f"Deliveries ({len(report.deliveries)}{f', {_SHOWN} shown' if len(ordered) > _SHOWN else ''})",
            _table(
                ("delivery", "outcome", "in", "loaded", "duplicate", "quarantined", "score", "SHA-256"),
                [
                    (
                        delivery.name,
                        delivery.outcome,
                        delivery.rows_in,
                        delivery.rows_loaded,
                        delivery.rows_duplicate,
                        delivery.rows_quarantined,
                        "" if delivery.quality_score is None else delivery.quality_score,
                        (delivery.content_hash or "")[:12],
                    )
                    for delivery in ordered[:_SHOWN]
                ],
            ),
        )
    )
    parts.append(_section("Quality", _table(("dimension", "score"), report.dimensions.items())))
    parts.append(
        _section(
            "Stages",
            _table(
                ("stage", "busy seconds", "rows", "rows per second"),
                [
                    (timing.stage, timing.seconds, timing.rows, timing.rows_per_second)
                    for timing in report.stages
                ],
            ),
        )
    )
    parts.append(_section("Warehouse", _table(("table", "rows"), report.tables.items())))
    resources = [
        ("seconds", report.seconds),
        ("CPU seconds", report.cpu_seconds),
        ("peak memory, MB", report.peak_memory_mb),
    ]
    lineage = [
        ("run", report.run_id),
        ("warehouse", report.warehouse),
        ("report", report.report_path),
        *resources,
        *report.feed.items(),
        *report.parameters.items(),
        *report.versions.items(),
    ]
    parts.append(_section("Run", _table(("property", "value"), lineage)))
    parts += _origins(report)
    return "\n\n".join(parts) + "\n"
