"""``retail withdraw``."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from flows.cli.exit_codes import with_exit_code
from flows.cli.shared_options import set_warehouse_environment


def withdraw(
    name: str,
    *,
    confirm: str | None = None,
    feed: str = "default",
    warehouse: str | None = None,
    data_dir: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Withdraw a delivery from the warehouse; without --confirm only show what would change.

    Parameters
    ----------
    name
        Name of the delivery as the ledger has it, or the path of its file.
    confirm
        Name of the database; withdraws the delivery.
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
        set_warehouse_environment(warehouse, data_dir)
        return _withdraw(name, confirm, feed, json)

    return with_exit_code(command, as_json=json)


def _withdraw(name: str, confirm: str | None, feed: str, as_json: bool) -> int:
    from blocks import lookup
    from flows.cli.json_output import print_object
    from flows.cli.progress_display import show_progress
    from flows.cli.run_flow import quiet_prefect, run_flow
    from tasks.errors import SettingsError
    from tasks.outside_text import displayable

    quiet_prefect(verbose=False)
    with show_progress():
        address = asyncio.run(lookup.warehouse_settings())
    if confirm is not None and confirm != address.database:
        raise SettingsError(
            f"--confirm {displayable(confirm)} is not the name of the database, {address.database}. Nothing was changed.",
            f"To withdraw it, add: --confirm {address.database}",
            setting="confirm",
        )
    result = run_flow("retail_withdraw", {"name": name, "feed": feed, "confirm": confirm is not None})
    if as_json:
        print_object(asdict(result) | {"done": confirm is not None})
        return 0
    verb = "withdrawn from" if confirm is not None else "would be withdrawn from"
    name = displayable(result.name)
    print(f"{name} (feed {displayable(result.feed)}, {result.rows_in:,} rows in) {verb} {address.display}:")
    print(
        f"  {result.lines_deleted:,} lines deleted, {result.lines_passed_on:,} kept because other deliveries have them too."
    )
    if confirm is None:
        print(f"Nothing was changed. To withdraw it, add: --confirm {address.database}")
    return 0
