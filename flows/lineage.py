"""The lineage of a flow run: who is told, what Prefect knows of the run, and its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import prefect
from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext
from prefect.exceptions import PrefectHTTPStatusError
from prefect.logging import get_run_logger

from flows.progress_artifact import run_id
from flows.run_request import versions
from tasks.outside_text import displayable, mask_secrets_in
from tasks.report.lineage.emitter import LineageDelivery
from tasks.report.lineage.record import JobRun, RunFacts
from tasks.report.lineage.run import JobData, LineageRun
from tasks.report.lineage.targets import LineageTargets
from tasks.retries import prefect_is_gone
from tasks.warehouse.ledger import Run

_PARENT_SECONDS = 1.0
_VALUE_CHARACTERS = 500


async def begin_lineage(targets: LineageTargets, flow: str, feed: str, run: Run) -> LineageRun:
    """Send the start of a flow run; without a target nothing is done, now or later."""
    if not targets.places:
        return LineageRun(RunFacts(JobRun(run.run_id, flow), targets.namespace), targets)
    context = FlowRunContext.get()
    known = context.flow_run if context else None
    tags = {"feed": displayable(feed)}
    if known is not None:
        tags["flow_run"] = displayable(known.name)
        if known.deployment_id is not None:
            tags["deployment_id"] = str(known.deployment_id)
    scheduled = known is not None and known.auto_scheduled
    lineage = LineageRun(
        RunFacts(
            JobRun(run.run_id, flow),
            targets.namespace,
            await _parent(known.parent_task_run_id) if known else None,
            known.expected_start_time if known and scheduled else None,
            tags,
            _as_text(run.parameters),
            {"prefect": prefect.__version__, **run.versions},
        ),
        targets,
    )
    lineage.start()
    return lineage


def run_of(parameters: Mapping[str, Any]) -> Run:
    """This flow run, for a flow that the ledger does not record."""
    return Run(run_id(), datetime.now(UTC), mask_secrets_in(parameters), versions())


async def end_lineage(lineage: LineageRun, data: JobData) -> None:
    """Send the end of a flow run that succeeded."""
    lineage.end("COMPLETE", data)
    await deliver(lineage)


async def deliver(lineage: LineageRun) -> LineageDelivery | None:
    """Wait until the events are sent, two seconds at most over a run, and warn of those that are not."""
    if not lineage.is_on:
        return None
    delivery = await asyncio.to_thread(lineage.flush)
    if delivery is not None and delivery.not_delivered:
        get_run_logger().warning("Lineage: %s", delivery.summary)
    return delivery


async def _parent(task_run_id: UUID | None) -> JobRun | None:
    """The flow run that called this one, if one did; none if Prefect does not say within a second."""
    if task_run_id is None:
        return None
    try:
        async with asyncio.timeout(_PARENT_SECONDS), get_client() as client:
            flow_run_id = (await client.read_task_run(task_run_id)).flow_run_id
            if flow_run_id is None:
                return None
            caller = await client.read_flow_run(flow_run_id)
            return JobRun(flow_run_id, displayable((await client.read_flow(caller.flow_id)).name))
    except (TimeoutError, PrefectHTTPStatusError):
        return None
    except Exception as error:
        if not prefect_is_gone(error):
            raise
        return None


def _as_text(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: displayable(value if isinstance(value, str) else json.dumps(value, default=str))[
            :_VALUE_CHARACTERS
        ]
        for name, value in parameters.items()
        if value not in (None, "", [], {})
    }
