"""The flow that takes a delivery out of the warehouse again."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from blocks import lookup, settings_sources
from flows import ledger_hooks, state_hooks
from flows.checked_flow import BlockName, flow
from flows.direct_alert import Notice
from flows.lineage import begin_lineage, end_lineage
from flows.misspelled_settings import warn_of_misspelled
from flows.run_end import RunEnd
from flows.run_request import versions
from tasks import progress
from tasks.errors import DeliveryMissing
from tasks.outside_text import displayable, mask_secrets_in
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.kept import keeping_connections
from tasks.report.lineage.other_flows import withdrawal
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
    on_crashed=[ledger_hooks.close_crashed, state_hooks.notify_crash],
    on_cancellation=[ledger_hooks.close_cancelled, state_hooks.notify_cancellation],
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
    async with keeping_connections():
        preview = await _find(retry, address, feed, name, run)
        if not confirm:
            return preview
        async with RunEnd(Notice("retail-withdraw", feed, alerts)) as end:
            end.run, end.warehouse, end.prices = run, address, resolved.settings.prices()
            end.lineage = lineage = await begin_lineage(
                resolved.settings.lineage_targets, "retail-withdraw", feed, run
            )
            result = await retry.apply(withdraw_delivery)(displayable(preview.name), address, preview, run)
            finished = await retry.apply(finish_warehouse)("keys and indexes", address, 0)
            for reason in finished.degraded_reasons:
                get_run_logger().warning("The withdrawal is done, but %s.", reason)
            close = retry.apply(close_run)
            await close("as completed", address, run, feed, "completed", finished.degraded_reasons, end.use())
            end.recorded = True
            await end_lineage(lineage, withdrawal(preview.name, address, str(run.run_id)))
        return replace(result, degraded_reasons=finished.degraded_reasons)


async def _find(
    retry: RetryPolicy, address: ConnectionSettings, feed: str, name: str, run: Run
) -> Withdrawal:
    """Preview the withdrawal of the delivery of that name, else of the file at that path."""
    preview = retry.apply(preview_withdrawal)
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
