"""``retail deliveries``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from flows.cli.exit_codes import with_exit_code
from flows.cli.shared_options import set_warehouse_environment

if TYPE_CHECKING:
    from tasks.warehouse.deliveries import DeliveryList


def deliveries(
    *,
    feed: str = "",
    limit: Annotated[int, Parameter(validator=Number(gte=1))] = 1000,
    warehouse: str | None = None,
    data_dir: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """List the deliveries in the warehouse, the last loaded first, with their accounting and score.

    Parameters
    ----------
    feed
        Name of a feed. Default: all feeds.
    limit
        Most deliveries to list.
    warehouse
        Address without a password, or the name of a block. Default: RETAIL_WAREHOUSE, else DATABASE_URL, else the
        embedded Postgres.
    data_dir
        Folder of the embedded Postgres.
    json
        Print the list as one line of JSON.
    """

    def command() -> int:
        set_warehouse_environment(warehouse, data_dir)
        from dataclasses import asdict

        from flows.cli.json_output import print_object
        from flows.cli.progress_display import show_progress
        from flows.cli.run_flow import quiet_prefect

        quiet_prefect(verbose=False)
        with show_progress():
            listed = asyncio.run(_list(feed, limit))
        if json:
            rows = [
                asdict(delivery)
                | {
                    "loaded_at": delivery.loaded_at.isoformat(),
                    "vanished_at": delivery.vanished_at and delivery.vanished_at.isoformat(),
                }
                for delivery in listed.deliveries
            ]
            print_object({"deliveries": rows, "total": listed.total})
        else:
            _print(listed)
        return 0

    return with_exit_code(command, as_json=json)


async def _list(feed: str, limit: int) -> DeliveryList:
    from blocks import lookup
    from tasks.warehouse.deliveries import list_deliveries

    return await list_deliveries(await lookup.warehouse_settings(), feed, limit)


def _print(listed: DeliveryList) -> None:
    from flows.cli.plain_table import print_table

    print_table(
        "Deliveries",
        (
            "loaded",
            "feed",
            "delivery",
            "in",
            "loaded",
            "duplicate",
            "quarantined",
            "passed over",
            "score",
            "attempts",
        ),
        (
            (
                f"{delivery.loaded_at:%Y-%m-%d %H:%M:%S}",
                delivery.feed,
                delivery.name,
                delivery.rows_in,
                delivery.rows_loaded,
                delivery.rows_duplicate,
                delivery.rows_quarantined,
                delivery.rows_passed_over,
                delivery.quality_score,
                delivery.attempts,
            )
            for delivery in listed.deliveries
        ),
    )
    if len(listed.deliveries) < listed.total:
        print(f"{len(listed.deliveries):,} of {listed.total:,} deliveries shown; --limit shows more.")
