"""``retail watch``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from flows.cli.exit_codes import EXIT_FAILED, with_exit_code
from flows.cli.shared_options import set_warehouse_environment

if TYPE_CHECKING:
    from tasks.warehouse.watch import WatchReport


def watch(
    *,
    warehouse: str | None = None,
    data_dir: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Look at the data, the sizes, the indexes and the health of the warehouse, and store what was seen.

    Parameters
    ----------
    warehouse
        Address without a password, or the name of a block. Default: RETAIL_WAREHOUSE, else DATABASE_URL, else the
        embedded Postgres.
    data_dir
        Folder of the embedded Postgres.
    json
        Print the report as one line of JSON.
    """

    def command() -> int:
        set_warehouse_environment(warehouse, data_dir)
        from flows.cli.json_output import print_object
        from flows.cli.progress_display import show_progress
        from flows.cli.run_flow import quiet_prefect

        quiet_prefect(verbose=False)
        with show_progress():
            report = asyncio.run(_look())
        if json:
            print_object(report.as_json())
        else:
            _print(report)
        return EXIT_FAILED if report.problems else 0

    return with_exit_code(command, as_json=json)


async def _look() -> WatchReport:
    from flows.watch_inputs import gather_inputs
    from tasks.warehouse.watch import watch as look

    return await look(await gather_inputs())


def _print(report: WatchReport) -> None:
    from rich.console import Console
    from rich.text import Text

    from tasks.outside_text import displayable
    from tasks.report.watch import summary

    styles = {"ok": "green", "warning": "yellow", "critical": "bold red"}
    console = Console(highlight=False, soft_wrap=True)
    width = max(len(finding.name) for finding in report.health)
    for finding in report.health:
        line = Text(f"{finding.status:<9}", style=styles[finding.status.value])
        line.append(f"{finding.name:<{width}}  {displayable(finding.what)}", style="default")
        console.print(line)
        if finding.next_step:
            console.print(Text(f"{'':<9}{'':<{width}}  -> {displayable(finding.next_step)}", style="dim"))
    in_data = [result for result in report.integrity.results if result.violations] if report.integrity else []
    if in_data:
        console.print(Text("\nIn the data", style="bold"))
        for result in in_data:
            console.print(
                Text(f"{result.status:<9}{result.name}: {result.violations:,} {displayable(result.finds)}")
            )
    for title, notes in (("Problems", report.problems), ("Warnings", report.warnings)):
        if notes:
            console.print(Text(f"\n{title}", style="bold"))
            for note in notes:
                console.print(Text(displayable(note.text)))
    console.print(Text(f"\n{summary(report)}", style="bold red" if report.problems else "bold"))
