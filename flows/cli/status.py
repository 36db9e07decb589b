"""``retail status``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from flows.cli.exit_codes import with_exit_code
from flows.cli.shared_options import set_warehouse_environment

if TYPE_CHECKING:
    from tasks.warehouse.status import WarehouseState


def status(
    *,
    warehouse: str | None = None,
    data_dir: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Show the last runs, open refusals, deliveries by feed and day with gaps, and who holds the load lock.

    Parameters
    ----------
    warehouse
        Address without a password, or the name of a block. Default: RETAIL_WAREHOUSE, else DATABASE_URL, else the
        embedded Postgres.
    data_dir
        Folder of the embedded Postgres.
    json
        Print the state as one line of JSON, with the last integrity results and the statistics of all tables.
    """

    def command() -> int:
        set_warehouse_environment(warehouse, data_dir)
        from dataclasses import asdict

        from flows.cli.json_output import print_object
        from flows.cli.progress_display import show_progress
        from flows.cli.run_flow import quiet_prefect

        quiet_prefect(verbose=False)
        with show_progress():
            state, statistics = asyncio.run(_read(with_statistics=json))
        if json:
            integrity = state.integrity.as_json() if state.integrity else None
            print_object(asdict(state) | {"integrity": integrity, "statistics": statistics})
        else:
            _print(state)
        return 0

    return with_exit_code(command, as_json=json)


async def _read(*, with_statistics: bool) -> tuple[WarehouseState, dict[str, Any] | None]:
    from blocks import lookup
    from blocks.settings_sources import read_settings
    from tasks.warehouse.statistics import read_statistics
    from tasks.warehouse.status import read_state

    address = await lookup.warehouse_settings()
    state = await read_state(address)
    if not with_statistics:
        return state, None
    return state, (await read_statistics(address, read_settings().disk_bytes)).as_json()


def _print(state: WarehouseState) -> None:
    from flows.cli.plain_table import print_table

    print_table(
        "Last runs",
        ("started", "status", "feed", "score", "deliveries", "run"),
        (
            (
                run.started_at[:19],
                f"{run.status}, degraded" if run.degraded_reasons else run.status,
                run.feed,
                run.quality_score,
                ", ".join(f"{count} {outcome}" for outcome, count in run.outcomes.items()),
                run.run_id,
            )
            for run in state.runs
        ),
    )
    print_table(
        "Open refusals and failures",
        ("at", "feed", "delivery", "outcome", "score", "reason"),
        (
            (row.attempted_at[:19], row.feed, row.name, row.outcome, row.quality_score, row.reason)
            for row in state.open_refusals
        ),
    )
    print_table(
        "Deliveries by feed and day of load (UTC)",
        ("feed", "day", "deliveries", "lines"),
        ((feed.feed, *load.values()) for feed in state.feeds for load in feed.loads),
    )
    print_table(
        "Days without sales",
        ("feed", "first day", "last day", "without sales", "last of them"),
        (
            (feed.feed, feed.first_day, feed.last_day, feed.days_without_sales, ", ".join(feed.last_gaps[:5]))
            for feed in state.feeds
        ),
    )
    print_table(
        "Load lock",
        ("process", "role", "application", "since", "state"),
        (
            (
                str(row.pid),
                row.role,
                row.application,
                (row.since or "")[:19],
                "holds it" if row.granted else "waits",
            )
            for row in state.load_lock
        ),
    )
    report = state.integrity
    if report is None:
        print("Integrity: never checked. Check it: retail integrity")
    else:
        counts = ", ".join(f"{report.count(each)} {each}" for each in ("ok", "warning", "error", "failed"))
        print(f"Integrity at {report.examined_at:%Y-%m-%d %H:%M:%S} UTC: {counts}.")
