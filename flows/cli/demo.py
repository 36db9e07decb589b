"""``retail demo``."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from flows.cli.address_space import check_address_space
from flows.cli.exit_codes import with_exit_code
from flows.cli.shared_options import set_warehouse_environment


def demo(
    *,
    data_dir: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
    verbose: Annotated[bool, Parameter(name=["--verbose", "-v"], negative=())] = False,
) -> int:
    """Load the 541,909 bundled sales lines into an embedded Postgres and show what came of it.

    Parameters
    ----------
    data_dir
        Folder of the embedded Postgres and the workspace.
    json
        Print the report as one line of JSON.
    verbose
        Show Prefect's own log lines.
    """

    def command() -> int:
        check_address_space()
        set_warehouse_environment(None, data_dir)
        from blocks.lookup import EMBEDDED
        from flows.cli.run_flow import run_etl

        # The demo never writes into somebody's real warehouse.
        parameters = {"sources": [], "warehouse": EMBEDDED, "retry_delay_seconds": 5.0}
        return run_etl(parameters, as_json=json, verbose=verbose)

    return with_exit_code(command, as_json=json)
