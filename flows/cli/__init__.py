"""The command line ``retail``. A command is imported when it is called."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from cyclopts import App, CycloptsError

from flows.cli.json_output import print_failure
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
app.command(
    "flows.cli.map:map_columns", name="map", help="Show the columns of a file and propose a mapping for them."
)
app.command("flows.cli.withdraw:withdraw", name="withdraw", help="Withdraw a delivery from the warehouse.")
app.command("flows.cli.backup:backup", name="backup", help="Back up the database into a vault, encrypted.")
app.command("flows.cli.backups:backups", name="backups", help="List the backups in a vault.")
app.command("flows.cli.verify:verify", name="verify", help="Read every object of a backup again.")
app.command(
    "flows.cli.prove:prove", name="prove", help="Restore a backup into a scratch database and compare."
)
app.command("flows.cli.restore:restore", name="restore", help="Restore a backup, or one table of it.")
app.command("flows.cli.prune:prune", name="prune", help="Delete the backups that no rule keeps.")
app.command("flows.cli.keep:keep", name="keep", help="Keep a backup for ever.")
app.command("flows.cli.sql:sql", name="sql", help="Run a read-only query.")
app.command("flows.cli.status:status", name="status", help="Show last runs, open refusals, feeds and gaps.")
app.command(
    "flows.cli.deliveries:deliveries", name="deliveries", help="List the deliveries in the warehouse."
)
app.command("flows.cli.rejects:rejects", name="rejects", help="Show the faulty lines of deliveries.")
app.command(
    "flows.cli.integrity:integrity",
    name="integrity",
    help="Check the data in the warehouse for what must not be.",
)
app.command("flows.cli.api:api", name="api", help="Serve the REST API.")
app.command("flows.cli.api:api_user", name="api-user", help="Make a user of the REST API.")
app.command(
    "flows.cli.watch:watch", name="watch", help="Look at data, sizes, indexes and health of the warehouse."
)
app.command("flows.cli.doctor:doctor", name="doctor", help="Check for problems that would stop a run.")
app.command(
    "flows.cli.schema:schema", name="schema", help="Write the schema as a migration for supabase db push."
)
app.command("flows.cli.settings:settings", name="settings", help="Show every setting and its source.")
app.command("flows.cli.warehouse:app", name="warehouse", help="Start, stop or inspect the embedded Postgres.")


def main() -> int:
    """Run the command line and return its exit code."""
    try:
        code = app(sys.argv[1:], result_action="return_value", exit_on_error=True)
    except SystemExit as end:
        if end.code and "--json" in sys.argv:
            print_failure("Wrong usage, shown on standard error; nothing was done.", "UsageError")
        raise
    return code if isinstance(code, int) else 0
