"""Prefect tasks of the warehouse stage."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from tasks.errors import DeliveryMissing, WarehouseError
from tasks.ingest.vanished import SearchedSource
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.connection_limit import connection_limit
from tasks.retries import step
from tasks.validate.score import DeliveryQuality
from tasks.validate.silver import Silver
from tasks.warehouse.feed_settings import NOTHING_TAKEN, Taken
from tasks.warehouse.finish import FinishedWarehouse, finish
from tasks.warehouse.grants import grant_read_access
from tasks.warehouse.held_words import ensure_words_not_held
from tasks.warehouse.ledger import BegunRun, FeedState, Run, RunStatus, begin_run, finish_run
from tasks.warehouse.load.transaction import LoadResult, load
from tasks.warehouse.migrate import migrate, upgrade_from
from tasks.warehouse.resource_use import ResourceUse
from tasks.warehouse.vanished import VanishedWithdrawal, withdraw_vanished
from tasks.warehouse.watch import WatchInputs, WatchReport, watch
from tasks.warehouse.withdraw import Withdrawal, is_withdrawn_by, withdraw


@step("begin", "warehouse", timeout_seconds=300)
async def begin_in_warehouse(
    label: str,
    warehouse: ConnectionSettings,
    run: Run,
    feed: str,
    analyst_roles: Sequence[str],
    taken: Taken = NOTHING_TAKEN,
) -> BegunRun:
    """Record the run and read the feed, if the schemas are at head; grant the analysts access."""
    begun = await begin_run(warehouse, run, feed, taken=taken)
    if begun.feed is not None:
        await grant_read_access(warehouse, analyst_roles)
    return begun


@step("prepare", "warehouse", timeout_seconds=7200)
async def prepare_warehouse(
    label: str,
    warehouse: ConnectionSettings,
    run: Run,
    feed: str,
    analyst_roles: Sequence[str],
    revision: str | None,
    taken: Taken = NOTHING_TAKEN,
) -> FeedState:
    """Upgrade the schema from ``revision``, grant the analysts access, record the run, and read the feed."""
    work: list[Coroutine[Any, Any, object]] = [upgrade_from(revision, warehouse)]
    if revision is None and not connection_limit(warehouse).loads.locked():
        work.append(_open_second(warehouse))
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
    await grant_read_access(warehouse, analyst_roles)
    return await _begun(warehouse, run, feed, taken)


async def _open_second(warehouse: ConnectionSettings) -> None:
    """Open the connection that the indexes of a new warehouse need, early: the first load sends its lines over it."""
    async with connection_limit(warehouse).loads, connected(warehouse):
        pass


@step("words", "warehouse", timeout_seconds=300)
async def check_added_words(
    label: str, warehouse: ConnectionSettings, feed: str, added: tuple[str, ...]
) -> None:
    """Ensure that no line of the feed has one of these words for missing as its text."""
    await ensure_words_not_held(warehouse, feed, added)


async def _begun(
    warehouse: ConnectionSettings, run: Run, feed: str, taken: Taken = NOTHING_TAKEN
) -> FeedState:
    begun = await begin_run(warehouse, run, feed, taken=taken)
    if begun.feed is None:
        raise WarehouseError(
            f"its schema changed to revision {begun.revision or 'none'} while this run began.",
            "Run again.",
            warehouse=warehouse.display,
        )
    return begun.feed


@step("load", "warehouse", timeout_seconds=7200)
async def load_batch(
    label: str,
    warehouse: ConnectionSettings,
    silver: Silver,
    accepted: Sequence[DeliveryQuality],
    run: Run,
    *,
    known: Mapping[str, str],
    replace_anyway: bool,
    accept_known_bytes: bool,
    take_mapping: bool = False,
    take_columns: bool = False,
) -> LoadResult:
    """Load the accepted deliveries of a batch; see ``tasks.warehouse.load.transaction.load``."""
    return await load(
        warehouse,
        silver,
        accepted,
        run,
        known=known,
        replace_anyway=replace_anyway,
        take_mapping=take_mapping,
        take_columns=take_columns,
        accept_known_bytes=accept_known_bytes,
    )


@step("finish", "warehouse", timeout_seconds=7200)
async def finish_warehouse(
    label: str, warehouse: ConnectionSettings, rows_loaded: int, *, is_new: bool = False
) -> FinishedWarehouse:
    """Add missing keys and indexes, and read the figures; see ``tasks.warehouse.finish.finish``."""
    return await finish(warehouse, rows_loaded, is_new=is_new)


@step("preview", "warehouse", timeout_seconds=600)
async def preview_withdrawal(
    label: str, warehouse: ConnectionSettings, feed: str, name: str, run: Run
) -> Withdrawal:
    """Upgrade the schema, and count the lines that withdrawing a delivery removes, without recording anything.

    Raises:
        DeliveryMissing: the ledger has no delivery of that name.
    """
    await migrate(warehouse)
    return await withdraw(warehouse, feed, name, run)


@step("withdraw", "warehouse", timeout_seconds=7200)
async def withdraw_delivery(
    label: str, warehouse: ConnectionSettings, preview: Withdrawal, run: Run
) -> Withdrawal:
    """Record the run and withdraw the previewed delivery in one transaction.

    Returns:
        The withdrawal; the preview if an earlier attempt of this run committed and lost its connection then.

    Raises:
        DeliveryMissing: the ledger no longer has the delivery.
    """
    await _begun(warehouse, run, preview.feed)
    try:
        return await withdraw(warehouse, preview.feed, preview.name, run, dry_run=False)
    except DeliveryMissing:
        if await is_withdrawn_by(warehouse, preview.name, run):
            return preview
        raise


@step("withdraw", "warehouse", timeout_seconds=7200)
async def withdraw_vanished_deliveries(
    label: str,
    warehouse: ConnectionSettings,
    feed: str,
    sources: Sequence[SearchedSource],
    known: Mapping[str, str],
    run: Run,
    *,
    replace_anyway: bool,
) -> VanishedWithdrawal:
    """Withdraw the deliveries that are gone; see ``tasks.warehouse.vanished.withdraw_vanished``."""
    return await withdraw_vanished(warehouse, feed, sources, known, run, replace_anyway=replace_anyway)


@step("watch", "warehouse", timeout_seconds=3000)
async def watch_warehouse(label: str, inputs: WatchInputs) -> WatchReport:
    """Look at the warehouse and store what was seen; see ``tasks.warehouse.watch.watch``."""
    return await watch(inputs)


@step("close", "warehouse", timeout_seconds=300)
async def close_run(
    label: str,
    warehouse: ConnectionSettings,
    run: Run,
    feed: str,
    status: RunStatus,
    degraded_reasons: Sequence[str] = (),
    use: ResourceUse | None = None,
) -> None:
    """Record the end of a run without a report, with the reasons if it is degraded, and what it used."""
    await finish_run(warehouse, run, feed, status, None, (), degraded_reasons, use=use)
