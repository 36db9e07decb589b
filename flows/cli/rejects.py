"""``retail rejects``."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from flows.cli.exit_codes import with_exit_code
from flows.cli.shared_options import set_warehouse_environment

if TYPE_CHECKING:
    from tasks.warehouse.rejects import Rejects


def rejects(
    name: str = "",
    *,
    csv: Path | None = None,
    history: Annotated[bool, Parameter(negative=())] = False,
    limit: Annotated[int, Parameter(validator=Number(gte=0))] = 1000,
    warehouse: str | None = None,
    data_dir: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Show the faulty lines of deliveries, also of rejected ones: line, rule, and the value as delivered.

    Parameters
    ----------
    name
        Name of a delivery as the ledger has it, or the path of its file. Default: all deliveries.
    csv
        File to write all of them into, with their raw text.
    history
        Show those of earlier attempts too.
    limit
        Most rows to show, one per line and rule.
    warehouse
        Address without a password, or the name of a block. Default: RETAIL_WAREHOUSE, else DATABASE_URL, else the
        embedded Postgres.
    data_dir
        Folder of the embedded Postgres.
    json
        Print them as one line of JSON.
    """

    def command() -> int:
        set_warehouse_environment(warehouse, data_dir)
        from flows.cli.json_output import print_object
        from flows.cli.progress_display import show_progress
        from flows.cli.run_flow import quiet_prefect

        quiet_prefect(verbose=False)
        with show_progress():
            read = asyncio.run(_read(name, csv, history=history, limit=limit))
        if json:
            print_object(_as_json(read) | ({"csv": str(csv)} if csv else {}))
        else:
            _print(read, csv)
        return 0

    return with_exit_code(command, as_json=json)


async def _read(name: str, csv: Path | None, *, history: bool, limit: int) -> Rejects:
    from blocks import lookup
    from tasks.errors import SettingsError
    from tasks.outside_text import displayable
    from tasks.warehouse.rejects import read_rejects, write_rejects

    address = await lookup.warehouse_settings()
    if csv is None:
        return await read_rejects(address, name, history=history, limit=limit)
    try:
        return await write_rejects(address, csv, name, history=history)
    except OSError as error:
        raise SettingsError(
            f"--csv: {displayable(csv)} cannot be written ({error.strerror}).",
            "Name a file in a folder that you can write to.",
            setting="csv",
        ) from None


def _as_json(read: Rejects) -> dict[str, Any]:
    return {
        "attempts": [
            asdict(attempt) | {"attempted_at": attempt.attempted_at.isoformat()} for attempt in read.attempts
        ],
        "lines": [asdict(line) | {"time": line.time.isoformat()} for line in read.lines],
    }


def _print(read: Rejects, csv: Path | None) -> None:
    from flows.cli.plain_table import print_table
    from tasks.outside_text import displayable

    print_table(
        "Deliveries with faulty lines",
        ("at", "feed", "delivery", "outcome", "lines in", "faulty", "kept"),
        (
            (
                f"{attempt.attempted_at:%Y-%m-%d %H:%M:%S}",
                attempt.feed,
                attempt.name,
                attempt.outcome,
                attempt.rows_in,
                attempt.rows_quarantined,
                attempt.lines_kept,
            )
            for attempt in read.attempts
        ),
    )
    if csv is not None:
        print(f"Their lines are in {displayable(csv)}.")
        return
    print_table(
        "Faulty lines",
        ("delivery", "line", "rule", "value"),
        ((line.delivery, line.line, line.rule, line.value) for line in read.lines),
    )
