"""The run report on a terminal, at the end of a run."""

from __future__ import annotations

import os
import shlex
from decimal import Decimal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.cli.exit_codes import program
from tasks.ingest.mapping.form import NEVER_SOLD
from tasks.outside_text import displayable, first_names
from tasks.report.run_report import DeliveryReport, RunReport, samples_text

_SHOWN = 10


def money(amount: str) -> str:
    """Format a decimal with grouped digits and at least two decimals, without trailing zeros beyond them."""
    value = Decimal(amount)
    text = f"{value:,.4f}"
    while text.endswith("0") and len(text.rsplit(".", 1)[1]) > 2:
        text = text[:-1]
    return text


def _pairs(title: str) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", show_header=False, box=None, padding=(0, 2)
    )
    table.add_column()
    table.add_column(justify="right")
    return table


def _rows(report: RunReport) -> Table:
    table = _pairs("Rows")
    table.add_row("in", f"{report.rows_in:,}")
    table.add_row("loaded", f"{report.rows_loaded:,}")
    table.add_row("duplicate", f"{report.rows_duplicate:,}")
    table.add_row("quarantined", f"{report.rows_quarantined:,}")
    if report.rows_passed_over:
        table.add_row("passed over", f"{report.rows_passed_over:,}")
    for reason, entry in list(report.passed_over_by_reason.items())[:_SHOWN]:
        what = "no sale" if reason in NEVER_SOLD else "no line"
        table.add_row(f"  {what}: {escape(displayable(reason))}", f"{entry['rows']:,}")
        for currency, amount in entry["amounts"].items():
            table.add_row("    their amount", f"{money(amount)} {escape(displayable(currency))}".rstrip())
    if report.rows_refused:
        table.add_row("refused", f"{report.rows_refused:,}")
    table.add_row("identical lines", f"{report.identical_lines:,}")
    for currency, amount in report.identical_amount.items():
        table.add_row("  their amount", f"{money(amount)} {currency}")
    return table


def _quality(report: RunReport) -> Table:
    table = _pairs(f"Quality (threshold {report.quality_threshold:g})")
    for name, score in report.dimensions.items():
        table.add_row(name, f"{score:.2f}")
    if report.quality_score is not None:
        table.add_row("overall", f"{report.quality_score:.2f}")
    return table


def _warehouse(report: RunReport) -> list[Table]:
    tables = _pairs("Tables")
    for name, rows in report.tables.items():
        tables.add_row(name, f"{rows:,}")
    countries = _pairs("Revenue, top five countries")
    for row in report.top_countries:
        countries.add_row(escape(displayable(row.country)), f"{money(row.revenue)} {row.currency}")
    return [tables, countries] if report.top_countries else [tables]


def _grid(console: Console, tables: list[Table]) -> None:
    if console.width < 80:
        for table in tables:
            console.print(table)
        return
    grid = Table.grid(padding=(0, 4))
    grid.add_row(*tables)
    console.print(grid)


def print_summary(report: RunReport) -> None:
    """Print totals, quality, tables and next steps."""
    console = Console(highlight=False)
    all_loaded = report.nothing_new and "unfinished" not in report.outcomes
    new = "nothing new: all deliveries are loaded already" if all_loaded else _outcomes(report)
    console.print(f"[bold]retail-etl {report.status}[/] in {report.seconds:.1f} s ({new})")
    console.print()
    if not report.nothing_new:
        _grid(console, [_rows(report), _quality(report)])
        console.print()
    if report.tables:
        _grid(console, _warehouse(report))
        console.print()
    for delivery in [delivery for delivery in report.deliveries if delivery.reason][:_SHOWN]:
        console.print(f"[bold]{delivery.outcome}[/] {escape(displayable(delivery.message))}")
    _print_quarantined(console, report)
    _print_notes(console, report)
    for reason in report.degraded_reasons:
        console.print(f"[bold]degraded[/] {escape(displayable(reason))}")
    if report.vanished:
        shown = first_names(report.vanished, _SHOWN)
        console.print(f"Vanished from the sources, and still loaded: {shown}", soft_wrap=True, markup=False)
    _print_links_out(console, report)
    _print_passed_over(console, report)
    if report.network:
        console.print(f"Network: {report.network.summary}", soft_wrap=True, markup=False)
    if report.lineage:
        console.print(f"Lineage: {displayable(report.lineage.summary)}", soft_wrap=True, markup=False)
    for label, line in _next_steps(report):
        # Not in a table: commands to copy must not be wrapped.
        console.print(f"{label:10}{displayable(line)}", soft_wrap=True, markup=False)


def _print_quarantined(console: Console, report: RunReport) -> None:
    """Show why lines of the deliveries are set aside; the message of a refusal tells it itself."""
    faulty = [delivery for delivery in report.deliveries if delivery.samples and not delivery.reason]
    for delivery in faulty[:_SHOWN]:
        lines = "1 line" if delivery.rows_quarantined == 1 else f"{delivery.rows_quarantined:,} lines"
        line = f"{delivery.name}: {lines}. {samples_text(delivery.samples)}"
        console.print(f"[bold]quarantined[/] {escape(displayable(line))}")


def _print_notes(console: Console, report: RunReport) -> None:
    noted = list(report.notes)
    noted += [
        f"{delivery.name}: {note}" for delivery in report.deliveries for note in _further_notes(delivery)
    ]
    for line in noted[:_SHOWN]:
        console.print(f"[bold]note[/] {escape(displayable(line))}")
    if len(noted) > _SHOWN:
        console.print(f"and {len(noted) - _SHOWN} more notes; see the report")


def _further_notes(delivery: DeliveryReport) -> list[str]:
    """The notes of a delivery that its refusal does not say already."""
    return [note for note in delivery.notes if note.rstrip(".") not in delivery.reason]


def _print_links_out(console: Console, report: RunReport) -> None:
    links = list(report.links_out)
    if not links:
        return
    handling = "passed over" if set(links) <= set(report.passed_over) else "followed"
    shown = ", ".join(map(displayable, links[:3])) + (", ..." if len(links) > 3 else "")
    count = "1 link leads" if len(links) == 1 else f"{len(links)} links lead"
    console.print(f"{count} out of the sources ({handling}): {shown}", soft_wrap=True, markup=False)


def _print_passed_over(console: Console, report: RunReport) -> None:
    files = [path for path in report.passed_over if path not in report.links_out]
    if not files:
        return
    count = "1 other file" if len(files) == 1 else f"{len(files):,} other files"
    shown = first_names(files, _SHOWN)
    console.print(f"{count} in the sources (passed over): {shown}", soft_wrap=True, markup=False)


def _next_steps(report: RunReport) -> list[tuple[str, str]]:
    from blocks.lookup import EMBEDDED
    from blocks.settings_sources import read_settings

    steps = []
    if report.warehouse:
        settings, retail = read_settings(), shlex.quote(program())
        asked = report.parameters["warehouse"] == EMBEDDED
        elsewhere = settings.database_url is not None or settings.retail_warehouse not in {"", EMBEDDED}
        embedded = asked or settings.retail_warehouse == EMBEDDED or not elsewhere
        folder = os.environ.get("RETAIL_DATA_DIR")
        where = f" --data-dir {shlex.quote(folder)}" if folder and embedded else ""
        # After the demo, a query must not go to the warehouse that the settings name.
        which = f" --warehouse {EMBEDDED}" if asked and elsewhere else ""
        query = "'select * from retail_dwh.daily_sales order by date limit 5'"
        steps.append(("Warehouse", report.warehouse))
        steps.append(("Query", f"{retail} sql{which}{where} {query}"))
        steps.append(("or", f"psql {shlex.quote(report.warehouse)}"))
        if embedded:
            steps.append(("Stop", f"{retail} warehouse stop{where}"))
    return [*steps, ("Report", report.report_path)]


def _outcomes(report: RunReport) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in report.outcomes.items()) or "no delivery"
