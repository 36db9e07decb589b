"""The run report as Markdown, for the Prefect UI. Text from files is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tasks.ingest.mapping.form import NEVER_SOLD
from tasks.outside_text import displayable
from tasks.postgres.traffic import size

if TYPE_CHECKING:
    from tasks.report.run_report import RunReport

_SHOWN = 50
_COSTS = ("cpu", "traffic", "total")


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
    if report.vanished:
        more = f", {_SHOWN} shown" if len(report.vanished) > _SHOWN else ""
        title = f"Vanished from the sources, and still loaded ({len(report.vanished)}{more})"
        sections.append(_section(title, _table(("delivery",), zip(report.vanished[:_SHOWN], strict=False))))
    if report.links_out:
        shown = list(report.links_out.items())[:_SHOWN]
        more = f", {_SHOWN} shown" if len(report.links_out) > _SHOWN else ""
        title = f"Links out of the sources ({len(report.links_out)}{more})"
        sections.append(_section(title, _table(("link", "leads to"), shown)))
    if report.passed_over:
        more = f", {_SHOWN} shown" if len(report.passed_over) > _SHOWN else ""
        title = f"Passed over in the sources ({len(report.passed_over)}{more})"
        sections.append(_section(title, _table(("path",), [(path,) for path in report.passed_over[:_SHOWN]])))
    return sections


def _faulty_lines(report: RunReport) -> list[str]:
    rows = [
        (delivery.name, sample.line, sample.rule, "(missing)" if sample.value is None else sample.value)
        for delivery in report.deliveries
        for sample in delivery.samples
    ]
    if not rows:
        return []
    title = f"Faulty lines, the first of each delivery{f' ({_SHOWN} shown)' if len(rows) > _SHOWN else ''}"
    return [_section(title, _table(("delivery", "line", "rule", "value"), rows[:_SHOWN]))]


def _passed_over_rows(report: RunReport) -> list[str]:
    rows = [
        (
            reason,
            "no sale" if reason in NEVER_SOLD else "no line",
            entry["rows"],
            ", ".join(f"{amount} {currency}".rstrip() for currency, amount in entry["amounts"].items()),
        )
        for reason, entry in report.passed_over_by_reason.items()
    ]
    if not rows:
        return []
    title = f"Rows that are no sales or no lines{f' ({_SHOWN} reasons shown)' if len(rows) > _SHOWN else ''}"
    return [_section(title, _table(("reason", "what it is", "rows", "amount"), rows[:_SHOWN]))]


def _notes(report: RunReport) -> list[str]:
    rows = [(delivery.name, note) for delivery in report.deliveries for note in delivery.notes]
    if not rows:
        return []
    title = f"Notes on deliveries{f' ({_SHOWN} shown)' if len(rows) > _SHOWN else ''}"
    return [_section(title, _table(("delivery", "note"), rows[:_SHOWN]))]


def _summary(report: RunReport) -> list[str]:
    """Title, accounting, error and degraded reasons."""
    balance = (
        f"{report.rows_in:,} in = {report.rows_loaded:,} loaded + {report.rows_duplicate:,} duplicate + "
        f"{report.rows_quarantined:,} quarantined"
    )
    if report.rows_passed_over:
        balance += f" + {report.rows_passed_over:,} passed over"
    parts = [f"# retail-etl: {report.status}", escape(balance)]
    if report.error:
        parts.append(f"**{escape(report.error)}**")
    parts += [f"**{escape(note)}**" for note in report.notes]
    return parts + [f"**Degraded: {escape(reason)}.**" for reason in report.degraded_reasons]


def _not_loaded(report: RunReport) -> list[str]:
    rows = [
        (delivery.name, delivery.outcome, delivery.reason)
        for delivery in report.deliveries
        if delivery.reason
    ]
    return [_section("Not loaded", _table(("delivery", "outcome", "reason"), rows))] if rows else []


def _deliveries(report: RunReport) -> str:
    ordered = sorted(
        report.deliveries,
        key=lambda delivery: (delivery.outcome == "unchanged", not delivery.rows_quarantined),
    )
    columns = (
        "delivery",
        "outcome",
        "in",
        "loaded",
        "duplicate",
        "quarantined",
        "passed over",
        "score",
        "SHA-256",
    )
    rows = [
        (
            delivery.name,
            delivery.outcome,
            delivery.rows_in,
            delivery.rows_loaded,
            delivery.rows_duplicate,
            delivery.rows_quarantined,
            delivery.rows_passed_over,
            "" if delivery.quality_score is None else delivery.quality_score,
            (delivery.content_hash or "")[:12],
        )
        for delivery in ordered[:_SHOWN]
    ]
    title = f"Deliveries ({len(ordered)}{f', {_SHOWN} shown' if len(ordered) > _SHOWN else ''})"
    return _section(title, _table(columns, rows))


def _stages(report: RunReport) -> str:
    columns = ("stage", "busy seconds", "CPU seconds", "rows", "rows per second")
    rows = [
        (timing.stage, timing.seconds, timing.cpu_seconds, timing.rows, timing.rows_per_second)
        for timing in report.stages
    ]
    return _section("Stages", _table(columns, rows))


def _run(report: RunReport) -> str:
    """What the run was, used and cost."""
    network = [("network", report.network.summary)] if report.network else []
    lineage = [("lineage", report.lineage.summary)] if report.lineage else []
    cost = [
        (f"{name} cost, {report.cost['currency']}", report.cost[name])
        for name in _COSTS
        if name in report.cost
    ]
    properties = [
        ("run", report.run_id),
        ("warehouse", report.warehouse),
        ("report", report.report_path),
        ("seconds", report.seconds),
        ("CPU seconds", report.cpu_seconds),
        ("peak memory, MB", report.peak_memory_mb),
        ("read", size(report.bytes_read)),
        ("written", size(report.bytes_written)),
        *network,
        *lineage,
        *cost,
        *report.feed.items(),
        *report.parameters.items(),
        *report.versions.items(),
    ]
    return _section("Run", _table(("property", "value"), properties))


def as_markdown(report: RunReport) -> str:
    """Render the report: totals, rejected and failed deliveries, all deliveries, quality, stages, lineage."""
    parts = [
        *_summary(report),
        *_not_loaded(report),
        _deliveries(report),
        *_passed_over_rows(report),
        *_notes(report),
        *_faulty_lines(report),
        _section("Quality", _table(("dimension", "score"), report.dimensions.items())),
        _stages(report),
        _section("Warehouse", _table(("table", "rows"), report.tables.items())),
        _run(report),
        *_origins(report),
    ]
    return "\n\n".join(parts) + "\n"
