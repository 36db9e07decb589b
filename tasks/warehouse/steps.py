"""Prefect tasks of the warehouse stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks.errors import DeliveryMissing
from tasks.postgres.connect import ConnectionSettings
from tasks.retries import step
from tasks.validate.score import DeliveryQuality
from tasks.validate.silver import Silver
from tasks.warehouse.grants import grant_read_access
from tasks.warehouse.indexes import complete_indexes
from tasks.warehouse.ledger import FeedState, Run, RunStatus, finish_run, read_feed, start_run
from tasks.warehouse.load.transaction import LoadResult, load
from tasks.warehouse.migrate import migrate, schema_version, upgrade_from
from tasks.warehouse.warehouse_figures import WarehouseFigures, read_figures
from tasks.warehouse.withdraw import Withdrawal, is_withdrawn_by, withdraw


@step("inspect", "warehouse", timeout_seconds=300)
async def inspect_warehouse(label: str, warehouse: ConnectionSettings) -> str | None:
    """Return the revision of the warehouse's schemas, None if there are none."""
    return await schema_version(warehouse)


@step("prepare", "warehouse", timeout_seconds=600)
async def prepare_warehouse(
    label: str,
    warehouse: ConnectionSettings,
    run: Run,
    feed: str,
    analyst_roles: Sequence[str],
    revision: str | None,
) -> FeedState:
    """Upgrade the schema from ``revision``, grant the analysts access, record the run, and read the feed."""
    await upgrade_from(revision, warehouse)
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
    *,
    known: Mapping[str, str],
    replace_anyway: bool,
) -> LoadResult:
    """Load the accepted deliveries of a batch; see ``tasks.warehouse.load.transaction.load``."""
    return await load(warehouse, silver, accepted, run, known=known, replace_anyway=replace_anyway)


@dataclass(frozen=True)
class FinishedWarehouse:
    """The figures of the warehouse after a run, and why something in it is still missing."""

    figures: WarehouseFigures
    degraded_reasons: tuple[str, ...] = ()


@step("finish", "warehouse", timeout_seconds=7200)
async def finish_warehouse(label: str, warehouse: ConnectionSettings, rows_loaded: int) -> FinishedWarehouse:
    """Add missing keys and indexes, analyse, and read the figures of the warehouse.

    See ``tasks.warehouse.indexes.complete_indexes`` and ``tasks.warehouse.warehouse_figures.read_figures``.
    """
    figures: list[WarehouseFigures] = []

    async def read() -> None:
        figures.append(await read_figures(warehouse, rows_loaded))

    completion = await complete_indexes(warehouse, read)
    return FinishedWarehouse(figures[0], completion.degraded_reasons)


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
    await start_run(warehouse, run)
    try:
        return await withdraw(warehouse, preview.feed, preview.name, run, dry_run=False)
    except DeliveryMissing:
        if await is_withdrawn_by(warehouse, preview.name, run):
            return preview
        raise


@step("close", "warehouse", timeout_seconds=300)
async def close_run(
    label: str,
    warehouse: ConnectionSettings,
    run: Run,
    feed: str,
    status: RunStatus,
    degraded_reasons: Sequence[str] = (),
) -> None:
    """Record the end of a run without a report: ``completed``, with the reasons if it is degraded, or ``failed``."""
    await finish_run(warehouse, run, feed, status, None, (), degraded_reasons)
