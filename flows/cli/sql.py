"""``retail sql``."""

from __future__ import annotations

import asyncio
import csv
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flows.cli.exit_codes import with_exit_code
from flows.cli.shared_options import set_warehouse_environment

if TYPE_CHECKING:
    from tasks.errors import ReadOnlyWarehouse

_SHOWN = 1000


def sql(query: str, *, warehouse: str | None = None, data_dir: str | None = None) -> int:
    """Run one query, read-only; a table on a terminal, CSV into a pipe.

    Parameters
    ----------
    query
        SQL, such as 'select * from retail_dwh.daily_sales limit 5'.
    warehouse
        Address without a password, or the name of a block. Default: RETAIL_WAREHOUSE, else DATABASE_URL, else the
        embedded Postgres.
    data_dir
        Folder of the embedded Postgres.
    """

    def command() -> int:
        set_warehouse_environment(warehouse, data_dir)
        # A block is read through Prefect, whose client and server report usage to its makers.
        os.environ.setdefault("DO_NOT_TRACK", "1")
        os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
        from flows.cli.progress_display import show_progress

        with show_progress():
            names, rows = asyncio.run(_ask(query))
        _print(names, rows)
        return 0

    return with_exit_code(command)


async def _ask(query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    from blocks import lookup
    from tasks.errors import ReadOnlyWarehouse
    from tasks.postgres.connect import connected

    address = await lookup.warehouse_settings()
    try:
        async with connected(address) as connection, connection.transaction(readonly=True):
            statement = await connection.prepare(query)
            if not statement.get_attributes():  # not a query: it may end this transaction, or write
                raise _read_only(address.display)
            rows = await statement.fetch()
            return [column.name for column in statement.get_attributes()], [tuple(row) for row in rows]
    except ReadOnlyWarehouse:
        # Our own read-only transaction rejected it, not the database.
        raise _read_only(address.display) from None


def _read_only(warehouse: str) -> ReadOnlyWarehouse:
    from tasks.errors import ReadOnlyWarehouse

    return ReadOnlyWarehouse(
        "retail sql runs queries, in a read-only transaction; this statement is none, or would write.",
        f"Nothing was changed. To write, use psql or another client: {warehouse}",
        warehouse=warehouse,
    )


def _print(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    if not sys.stdout.isatty():
        writer = csv.writer(sys.stdout)
        writer.writerow(names)
        writer.writerows(rows)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tasks.outside_text import escape_unprintable

    table = Table(show_edge=False)
    for position, name in enumerate(names):
        numeric = bool(rows) and not isinstance(rows[0][position], str)
        table.add_column(Text(escape_unprintable(name)), justify="right" if numeric else "left")
    for row in rows[:_SHOWN]:
        table.add_row(*("" if value is None else Text(escape_unprintable(str(value))) for value in row))
    console = Console()
    console.print(table)
    if len(rows) > _SHOWN:
        console.print(f"{_SHOWN:,} of {len(rows):,} rows shown; pipe the command to get all as CSV.")
