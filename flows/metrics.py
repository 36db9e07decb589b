"""The metrics of a warehouse, with the alerts that Prefect keeps, for whoever serves them at ``/metrics``."""

from __future__ import annotations

import asyncio

from prefect.settings import get_current_settings

from tasks.alerts.prefect_store import VariableAlertStore
from tasks.errors import AlertStoreUnreachable
from tasks.postgres.pool import QueryPool
from tasks.report.metrics import CONTENT_TYPE, warehouse_metrics

__all__ = ["CONTENT_TYPE", "read_metrics"]
# A scrape has ten seconds.
_STORE_SECONDS = 3.0


async def read_metrics(pool: QueryPool, *, disk_bytes: int | None = None) -> bytes:
    """Read the metrics of a warehouse as Prometheus text, to be sent with ``CONTENT_TYPE``.

    Args:
        pool: Pool of the warehouse.
        disk_bytes: Disk of the database's plan; None if unknown.

    Raises:
        RetailError: the warehouse did not answer, or has a schema of another release. A Prefect server that does not
            answer costs three seconds and the open alerts, nothing else.
    """
    return await warehouse_metrics(pool, open_alerts=await _open_alerts(), disk_bytes=disk_bytes)


async def _open_alerts() -> tuple[str, ...] | None:
    if not get_current_settings().api.url:  # a scrape must not start a server
        return None
    try:
        async with asyncio.timeout(_STORE_SECONDS):
            return tuple(alert.kind for alert in await VariableAlertStore().open_alerts(""))
    except (AlertStoreUnreachable, TimeoutError):
        return None
