"""``retail settings``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from flows.cli.exit_codes import exit_code, with_exit_code
from flows.cli.json_output import print_object
from flows.cli.shared_options import check_alerts_name, set_warehouse_environment

if TYPE_CHECKING:
    from tasks.errors import RetailError


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
        resolved, errors = asyncio.run(with_blocks(alerts))
        invalid = {str(error.attributes.get("setting", "")).upper(): error for error in errors}
        rows = [
            (name, f"invalid: {invalid.pop(name)}" if name in invalid else value, origin)
            for name, value, origin in resolved.rows
        ]
        if json:
            print_object(_as_json(resolved.rows, errors))
        else:
            _print(rows)
        for error in invalid.values():
            print(f"retail: {error}", file=sys.stderr)
        return exit_code(errors[0]) if errors else 0

    return with_exit_code(command, as_json=json)


def _as_json(
    rows: Sequence[tuple[str, str, str]], errors: Sequence[RetailError]
) -> dict[str, dict[str, str]]:
    """Value and origin by name; an invalid setting has an error too, and an empty value."""
    values = {name: {"value": value, "origin": origin} for name, value, origin in rows}
    for error in errors:
        name = str(error.attributes.get("setting") or type(error).__name__).upper()
        origin = values.get(name, {}).get("origin", "")
        values[name] = {"value": "", "origin": origin, "error": str(error)}
    return values


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
