"""The flow that takes a delivery out of the warehouse again."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from blocks import lookup, settings_sources
from flows import state_hooks
from flows.checked_flow import BlockName, flow
from flows.misspelled_settings import warn_of_misspelled
from flows.run_request import versions
from tasks import progress
from tasks.errors import DeliveryMissing, RetailError
from tasks.outside_text import displayable, mask_secrets_in
from tasks.postgres.connect import ConnectionSettings
from tasks.retries import RetryPolicy
from tasks.warehouse.ledger import Run
from tasks.warehouse.steps import close_run, finish_warehouse, preview_withdrawal, withdraw_delivery
from tasks.warehouse.withdraw import Withdrawal


@flow(
    name="retail-withdraw",
    timeout_seconds=settings_sources.execution_seconds(),
    persist_result=False,
    on_failure=[state_hooks.notify_failure],
    on_completion=[state_hooks.notify_completion],
    on_crashed=[state_hooks.notify_crash],
    on_cancellation=[state_hooks.notify_cancellation],
)
async def retail_withdraw(
    name: str,
    feed: str = "default",
    confirm: bool = False,
    warehouse: BlockName = "",
    alerts: BlockName = "",
) -> Withdrawal:
    """Take a delivery out of the warehouse; without ``confirm`` only show what would go.

    Args:
        name: Name of the delivery as the ledger has it, or the path of its file on the machine that runs the flow.
        feed: Feed of the delivery.
        confirm: Withdraw the delivery. Off is a dry run.
        warehouse: Name of a SupabaseWarehouse block. Default: RETAIL_WAREHOUSE, else DATABASE_URL of the process,
            else the embedded Postgres.
        alerts: Name of an Alerts block. Default: RETAIL_ALERTS, else the channels of the environment.

    Returns:
        What goes (or would go): the delivery's lines, those deleted, and those that pass to other deliveries.

    Raises:
        SettingsError: the block is missing, or the warehouse address is invalid.
        DeliveryMissing: the ledger holds no delivery of that name in the feed.
        RetailError: the warehouse failed; the delivery is withdrawn as a whole or not at all.
    """
    progress.report("flow.began")
    resolved = settings_sources.resolve()
    warn_of_misspelled(resolved)
    address = await lookup.warehouse_settings(warehouse, resolved)
    run = Run(
        UUID(flow_run.id) if flow_run.id else uuid4(),
        datetime.now(UTC),
        mask_secrets_in({"withdraw": name, "feed": feed}),
        versions(),
    )
    # With the short delays of a policy's own: a withdrawal takes seconds, and often somebody waits.
    retry = RetryPolicy(resolved.settings.pipeline_default_retries)
    preview = await _find(retry, address, feed, name, run)
    if not confirm:
        return preview
    async with _recorded(retry, address, feed, run) as degraded_reasons:
        result = await retry.on(withdraw_delivery)(displayable(preview.name), address, preview, run)
        finished = await retry.on(finish_warehouse)("keys and indexes", address, 0)
        degraded_reasons.extend(finished.degraded_reasons)
    return result


async def _find(
    retry: RetryPolicy, address: ConnectionSettings, feed: str, name: str, run: Run
) -> Withdrawal:
    """Preview the withdrawal of the delivery of that name, else of the file at that path."""
    preview = retry.on(preview_withdrawal)
    try:
        return await preview(displayable(name), address, feed, name, run)
    except DeliveryMissing:
        path = _path_of(name)
        if path == name:
            raise
        return await preview(displayable(path), address, feed, path, run)


def _path_of(name: str) -> str:
    """The absolute path of a file, as discovery names deliveries."""
    return os.path.realpath(os.path.expanduser(name))


@asynccontextmanager
async def _recorded(
    retry: RetryPolicy, address: ConnectionSettings, feed: str, run: Run
) -> AsyncIterator[list[str]]:
    """Close the run in the ledger: as failed if the work raises, else with the reasons that it adds to the list."""
    close = retry.on(close_run)
    degraded_reasons: list[str] = []
    try:
        yield degraded_reasons
    except BaseException:  # a cancelled run is closed too; what ended it goes on
        try:
            await close("as failed", address, run, feed, "failed")
        except RetailError as error:
            # The run fails with the cause itself.
            get_run_logger().warning("The ledger still shows the run as running: %s", error)
        raise
    for reason in degraded_reasons:
        get_run_logger().warning("The withdrawal is done, but %s.", reason)
    await close("as completed", address, run, feed, "completed", degraded_reasons)
