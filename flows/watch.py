"""The flow ``retail_watch``: look at the data in the warehouse and at its server, and keep what was seen."""

from __future__ import annotations

from flows import state_hooks
from flows.checked_flow import BlockName, flow
from flows.watch_inputs import gather_inputs, raise_on_problems
from tasks.report.steps import publish_watch
from tasks.warehouse.steps import watch_warehouse
from tasks.warehouse.watch import WatchReport


@flow(
    name="retail-watch",
    timeout_seconds=3600,
    persist_result=False,
    on_failure=[state_hooks.notify_failure],
    on_completion=[state_hooks.notify_completion],
    on_crashed=[state_hooks.notify_crash],
    on_cancellation=[state_hooks.notify_cancellation],
)
async def retail_watch(warehouse: BlockName = "", alerts: BlockName = "") -> WatchReport:
    """Check the data, sizes, indexes, schema and health of the warehouse, and store the results over time.

    Args:
        warehouse: Name of a SupabaseWarehouse block. Empty: RETAIL_WAREHOUSE, else DATABASE_URL, else the embedded
            Postgres.
        alerts: Name of an Alerts block. Empty: RETAIL_ALERTS, else the channels in the environment.

    Returns:
        The report; the artifact retail-watch-report shows it.

    Raises:
        ProblemsFound: A check is critical, or the data violate a check of severity error. Attribute: ``report``.
    """
    report = await watch_warehouse("everything", await gather_inputs(warehouse))
    await publish_watch("report", report)
    return raise_on_problems(report)
