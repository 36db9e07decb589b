"""``retail etl``."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from flows.cli.address_space import check_address_space
from flows.cli.etl_options import options_from
from flows.cli.exit_codes import with_exit_code
from flows.cli.shared_options import set_warehouse_environment
from flows.request import EtlRequest


@options_from(EtlRequest)
def etl(
    *sources: str,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    data_dir: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
    verbose: Annotated[bool, Parameter(name=["--verbose", "-v"], negative=())] = False,
    **options: Any,
) -> int:
    """Load deliveries of sales lines into the star schema, exactly once.

    Parameters
    ----------
    dry_run
        Read, validate and score, load nothing; the same as --no-load.
    data_dir
        Folder of the embedded Postgres and the workspace.
    json
        Print the report as one line of JSON.
    verbose
        Show Prefect's own log lines.
    """

    def command() -> int:
        check_address_space()
        if not sources:
            EtlRequest().ensure_sources()
        # Not a parameter of the flow: an address is none, and a block counts for the whole process.
        set_warehouse_environment(options.pop("warehouse", None), data_dir)
        from blocks.settings_sources import read_settings
        from flows.cli.run_flow import run_etl
        from tasks.ingest.discover import replace_undecodable

        # Somebody waits: the setting's minutes are taken as seconds.
        delay = {"retry_delay_seconds": read_settings().pipeline_retry_delay_minutes}
        parameters = (
            delay
            | options
            | {"sources": [replace_undecodable(source) for source in sources]}
            | ({"load": False} if dry_run else {})
        )
        return run_etl(parameters, as_json=json, verbose=verbose)

    return with_exit_code(command, as_json=json)
