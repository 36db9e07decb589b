"""Hooks that close a run in the ledger where its own process is gone and a worker runs the hook."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from prefect.logging.loggers import flow_run_logger

from blocks import lookup, settings_sources
from flows.alert_context import text_parameter
from flows.run_end import is_closed_here
from tasks.errors import RetailError
from tasks.warehouse.ledger import RunStatus, close_dead_run
from tasks.warehouse.migrate import schema_version

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.client.schemas.objects import FlowRun, State

_SECONDS = 15.0


async def close_crashed(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Record that the run died."""
    await _close(flow_run, "crashed")


async def close_cancelled(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Record that the run was cancelled."""
    await _close(flow_run, "cancelled")


async def _close(flow_run: FlowRun, status: RunStatus) -> None:
    if is_closed_here(flow_run.id) or flow_run.parameters.get("load") is False:
        return
    logger = flow_run_logger(flow_run)
    try:
        async with asyncio.timeout(_SECONDS):
            address = await lookup.warehouse_settings(
                text_parameter(flow_run.parameters, "warehouse"), settings_sources.resolve_leniently()
            )
            quick = replace(address, connect_seconds=min(_SECONDS / 2, address.connect_seconds))
            if await schema_version(quick) is not None:
                await close_dead_run(quick, flow_run.id, status)
    except RetailError as error:
        logger.warning("The ledger shows the run as running until the next run: %s", error)
    except TimeoutError:
        logger.warning("The ledger shows the run as running until the next run: no answer in %s s.", _SECONDS)
