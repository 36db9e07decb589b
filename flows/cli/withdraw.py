"""``retail withdraw``."""

from __future__ import annotations

import asyncio
import json as json_module
import sys
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from flows.cli.exit_codes import EXIT_SETTINGS, choose_warehouse, with_exit_code


def withdraw(
    name: str,
    *,
    confirm: str | None = None,
    feed: str = "default",
    warehouse: str | None = None,
    data_dir: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Take a delivery out of the warehouse; without --confirm only show what would go.

    Parameters
    ----------
    name
        Name of the delivery as the ledger has it, or the path of its file.
    confirm
        Name of the database, to do it.
    feed
        Feed of the delivery.
    warehouse
        Address without a password, or the name of a block. Default: RETAIL_WAREHOUSE, else DATABASE_URL, else the
        embedded Postgres.
    data_dir
        Folder of the embedded Postgres.
    json
        Print the result as one line of JSON.
    """

    def command() -> int:
        choose_warehouse(warehouse, data_dir)
        return _withdraw(name, confirm, feed, json)

    return with_exit_code(command)


def _withdraw(name: str, confirm: str | None, feed: str, as_json: bool) -> int:
    from blocks import lookup
    from flows.cli.run_flow import quiet_prefect, run_flow
    from flows.cli.terminal import shown
    from tasks.outside_text import displayable

    quiet_prefect(verbose=False)
    with shown():
        address = asyncio.run(lookup.warehouse_settings())
    if confirm is not None and confirm != address.database:
        print(
            f"retail: --confirm {displayable(confirm)} is not the database's name, {address.database}; nothing was done.",
            file=sys.stderr,
        )
        return EXIT_SETTINGS
    result = run_flow("retail_withdraw", {"name": name, "feed": feed, "confirm": confirm is not None})
    if as_json:
        print(json_module.dumps(asdict(result) | {"done": confirm is not None}))
        return 0
    done = "was taken out" if confirm is not None else "would be taken out"
    name = displayable(result.name)
    print(
        f"{name} (feed {displayable(result.feed)}, {result.rows_in:,} rows in) {done} of {address.display}:"
    )
    print(
        f"  {result.lines_deleted:,} lines go, {result.lines_passed_on:,} stay since other deliveries brought them too."
    )
    if confirm is None:
        print(f"Nothing was done. To do it, add: --confirm {address.database}")
    return 0
