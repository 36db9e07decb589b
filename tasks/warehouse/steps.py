"""The tasks of the warehouse stage."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tasks.postgres.connect import ConnectionSettings
from tasks.retries import step
from tasks.validate.score import DeliveryQuality
from tasks.validate.silver import Silver
from tasks.warehouse.grants import grant_read_access
from tasks.warehouse.indexes import complete_indexes
from tasks.warehouse.ledger import FeedState, Run, read_feed, start_run
from tasks.warehouse.load.transaction import CopySlot, LoadedDelivery, load
from tasks.warehouse.migrate import migrate
from tasks.warehouse.statistics import WarehouseFigures, figures


@step("prepare", "warehouse", timeout_seconds=600)
async def prepare_warehouse(
    label: str,
    warehouse: ConnectionSettings,
    run: Run,
    feed: str,
    analyst_roles: Sequence[str],
    is_new: asyncio.Event,
) -> FeedState:
    """Bring the schema to its newest revision, let the analysts read, record the run, read the feed's state.

    ``is_new`` is set as soon as it shows that there was no schema, so that nothing is loaded.
    """
    await migrate(warehouse, is_new.set)
    await grant_read_access(warehouse, analyst_roles)
    await start_run(warehouse, run)
    return await read_feed(warehouse, feed)


@step("load", "warehouse", timeout_seconds=7200)
async def load_batch(
    label: str,
    warehouse: ConnectionSettings,
    silver: Silver,
    accepted: Sequence[DeliveryQuality],
    run: Run,
    turn: CopySlot,
    *,
    replace_anyway: bool,
) -> tuple[LoadedDelivery, ...]:
    """Load a batch's accepted deliveries in one transaction; see ``tasks.warehouse.load.transaction.load``."""
    return await load(warehouse, silver, accepted, run, turn, replace_anyway=replace_anyway)


@step("finish", "warehouse", timeout_seconds=7200)
async def finish_warehouse(label: str, warehouse: ConnectionSettings, rows_loaded: int) -> WarehouseFigures:
    """Add missing keys and indexes and analyse, and read the figures of a run that loaded ``rows_loaded``; see
    ``tasks.warehouse.indexes.finish`` and ``tasks.warehouse.statistics.figures``."""
    found: list[WarehouseFigures] = []

    async def read() -> None:
        found.append(await figures(warehouse, rows_loaded))

    await complete_indexes(warehouse, read)
    return found[0]
