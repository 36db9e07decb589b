"""``retail demo``."""

from __future__ import annotations

import asyncio
from typing import Annotated

from cyclopts import Parameter

from flows.cli.address_space import check_address_space
from flows.cli.exit_codes import with_exit_code
from flows.cli.shared_options import set_warehouse_environment


def demo(
    *,
    warehouse: str | None = None,
    confirm: str | None = None,
    data_dir: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
    verbose: Annotated[bool, Parameter(name=["--verbose", "-v"], negative=())] = False,
) -> int:
    """Load the 541,909 bundled sales lines into an embedded Postgres and show what came of it.

    Parameters
    ----------
    warehouse
        Load them into this warehouse instead, with --confirm: address without a password, or the name of a block.
    confirm
        Name of the database; loads them into --warehouse, or without it that of RETAIL_WAREHOUSE or DATABASE_URL.
    data_dir
        Folder of the embedded Postgres and the workspace.
    json
        Print the report as one line of JSON.
    verbose
        Show Prefect's own log lines.
    """

    def command() -> int:
        check_address_space()
        set_warehouse_environment(warehouse, data_dir)
        from blocks.lookup import EMBEDDED
        from flows.cli.run_flow import run_etl
        from flows.demo import BUNDLED

        # Without being asked to, the demo never writes into somebody's real warehouse.
        is_embedded = warehouse == EMBEDDED or (warehouse is None and confirm is None)
        if not is_embedded:
            _ensure_confirmed(confirm, verbose=verbose)
        parameters = {"sources": [str(BUNDLED)], "retry_delay_seconds": 5.0}
        return run_etl(
            parameters | ({"warehouse": EMBEDDED} if is_embedded else {}), as_json=json, verbose=verbose
        )

    return with_exit_code(command, as_json=json)


def _ensure_confirmed(confirm: str | None, *, verbose: bool) -> None:
    """Raise SettingsError unless the name of the warehouse's database is given."""
    from blocks import lookup
    from flows.cli.progress_display import show_progress
    from flows.cli.run_flow import quiet_prefect
    from tasks.errors import SettingsError
    from tasks.outside_text import displayable

    quiet_prefect(verbose)
    with show_progress():
        address = asyncio.run(lookup.warehouse_settings())
    if confirm == address.database:
        return
    given = (
        f"--confirm {displayable(confirm)} is not the name of the database, {address.database}."
        if confirm is not None
        else f"The bundled data would be loaded into {address.display}."
    )
    raise SettingsError(
        f"{given} Nothing was loaded.",
        f"To load it there, add: --confirm {address.database}",
        setting="confirm",
    )
