"""``retail settings``."""

from __future__ import annotations

import asyncio
import json as json_module
import sys
from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from flows.cli.exit_codes import with_exit_code
from flows.cli.shared_options import check_alerts_name, set_warehouse_environment


def settings(
    *,
    warehouse: str | None = None,
    alerts: str = "",
    data_dir: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Show every setting, its value and where that came from; secrets are masked.

    Parameters
    ----------
    warehouse
        Address without a password, or the name of a SupabaseWarehouse block.
    alerts
        Name of an Alerts block.
    data_dir
        Folder of the embedded Postgres and the workspace.
    json
        Print one object, name to value and origin, as one line of JSON.
    """

    def command() -> int:
        set_warehouse_environment(warehouse, data_dir)
        check_alerts_name(alerts)
        from blocks.lookup import with_blocks
        from flows.cli.run_flow import quiet_prefect

        quiet_prefect(verbose=False)
        rows = asyncio.run(with_blocks(alerts)).rows
        if json:
            print(
                json_module.dumps({name: {"value": value, "origin": origin} for name, value, origin in rows})
            )
        else:
            _print(rows)
        return 0

    return with_exit_code(command)


def _print(rows: Sequence[tuple[str, str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tasks.outside_text import displayable

    table = Table(show_edge=False, box=None, pad_edge=False)
    for head in ("setting", "value", "from"):
        table.add_column(head, overflow="fold")
    for name, value, origin in rows:
        style = "dim" if origin == "default" else ""
        table.add_row(*(Text(displayable(text), style=style) for text in (name, value, origin)))
    Console(width=None if sys.stdout.isatty() else 200, highlight=False).print(table)
