"""``retail integrity``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from flows.cli.exit_codes import EXIT_FAILED, with_exit_code
from flows.cli.shared_options import set_warehouse_environment

if TYPE_CHECKING:
    from tasks.warehouse.integrity.report import IntegrityReport


def integrity(
    *,
    check: str = "",
    warehouse: str | None = None,
    data_dir: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Check the data in the warehouse: orphans, prices, amounts, duplicates, the ledger, late feeds, and your own checks.

    Parameters
    ----------
    check
        Name of one check; its result is not stored. Default: all checks.
    warehouse
        Address without a password, or the name of a block. Default: RETAIL_WAREHOUSE, else DATABASE_URL, else the
        embedded Postgres.
    data_dir
        Folder of the embedded Postgres.
    json
        Print the results as one line of JSON.
    """

    def command() -> int:
        set_warehouse_environment(warehouse, data_dir)
        from flows.cli.integrity_output import print_report
        from flows.cli.json_output import print_object
        from flows.cli.progress_display import show_progress
        from flows.cli.run_flow import quiet_prefect

        quiet_prefect(verbose=False)
        with show_progress():
            report = asyncio.run(_examine(check))
        if json:
            print_object(report.as_json())
        else:
            print_report(report)
        return 0 if report.passed else EXIT_FAILED

    return with_exit_code(command, as_json=json)


async def _examine(name: str) -> IntegrityReport:
    from blocks import lookup
    from blocks.settings_sources import read_settings
    from tasks.warehouse.integrity.check import custom_checks
    from tasks.warehouse.integrity.examine import examine_integrity, select_checks

    settings = read_settings()
    folder = settings.retail_integrity_checks
    checks = select_checks(name, custom_checks(folder.expanduser().absolute()) if folder else ())
    return await examine_integrity(
        await lookup.warehouse_settings(),
        checks,
        custom_seconds=settings.retail_integrity_check_seconds,
        store=not name,
    )
