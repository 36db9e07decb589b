"""``retail doctor``."""

from __future__ import annotations

import asyncio
from typing import Annotated

from cyclopts import Parameter

from flows.cli.exit_codes import EXIT_FAILED, with_exit_code
from flows.cli.shared_options import check_alerts_name, set_warehouse_environment


def doctor(
    *,
    warehouse: str | None = None,
    alerts: str = "",
    data_dir: str | None = None,
    send_test: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Look for what would stop a run, before it runs; each finding with its fix.

    Parameters
    ----------
    warehouse
        Address without a password, postgresql://USER@HOST:PORT/DATABASE, or the name of a SupabaseWarehouse block.
        Default: RETAIL_WAREHOUSE, else DATABASE_URL, else the embedded Postgres.
    alerts
        Name of an Alerts block. Default: RETAIL_ALERTS, else the channels of the environment.
    data_dir
        Folder of the embedded Postgres and the workspace.
    send_test
        Send a test alert through every channel.
    json
        Print the findings as one line of JSON.
    """

    def command() -> int:
        set_warehouse_environment(warehouse, data_dir)
        check_alerts_name(alerts)
        from flows.cli.doctor_output import as_json, print_findings
        from flows.cli.json_output import print_object
        from flows.cli.progress_display import show_progress
        from flows.cli.run_flow import quiet_prefect
        from tasks import progress
        from tasks.doctor.examine import examine
        from tasks.doctor.finding import Finding, blocking

        async def look() -> tuple[Finding, ...]:
            from flows.doctor_inputs import gather_inputs

            return await examine(await gather_inputs("", alerts, send_test=send_test))

        quiet_prefect(verbose=False)
        with show_progress():
            progress.report("doctor.gather")
            findings = asyncio.run(look())
        if json:
            print_object(as_json(findings))
        else:
            print_findings(findings)
        return EXIT_FAILED if blocking(findings) else 0

    return with_exit_code(command, as_json=json)
