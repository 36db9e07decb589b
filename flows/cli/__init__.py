"""The command line ``retail``. A command is imported when it is called."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from cyclopts import App, CycloptsError

from tasks.outside_text import displayable


def _version() -> str:
    try:
        return version("prefect-retail")
    except PackageNotFoundError:
        return "not installed"


def _usage_error(error: CycloptsError) -> Any:
    """The panel of a wrong usage: what was typed may hold a secret, and a log of a CI keeps it."""
    from cyclopts import CycloptsPanel

    return CycloptsPanel(displayable(error, keep="\n"))


app = App(
    name="retail",
    error_formatter=_usage_error,
    help="Load retail sales deliveries into a star schema on Postgres, exactly once.",
    help_epilogue="Exit codes: 0 done, 1 failed, 2 wrong usage or invalid settings, 3 rejected by the quality gate.",
    version=_version,
)
app.command(
    "flows.cli.demo:demo",
    name="demo",
    help="Load the bundled data into an embedded Postgres and show the result.",
)
app.command(
    "flows.cli.etl:etl", name="etl", help="Load deliveries: files, folders or globs of CSV and Parquet."
)
app.command("flows.cli.withdraw:withdraw", name="withdraw", help="Withdraw a delivery from the warehouse.")
app.command("flows.cli.sql:sql", name="sql", help="Run a read-only query.")
app.command("flows.cli.doctor:doctor", name="doctor", help="Check for problems that would stop a run.")
app.command("flows.cli.settings:settings", name="settings", help="Show every setting and its source.")
app.command("flows.cli.warehouse:app", name="warehouse", help="Start, stop or inspect the embedded Postgres.")


def main() -> int:
    """Run the command line and return its exit code."""
    code = app(sys.argv[1:], result_action="return_value", exit_on_error=True)
    return code if isinstance(code, int) else 0
