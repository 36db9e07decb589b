"""What alerts of a flow run share: where it is, its link, and the record of what became of them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.exceptions import PrefectException
from prefect.logging.loggers import flow_run_logger
from prefect.utilities.urls import url_for

from tasks.alerts.alert import AlertSource
from tasks.alerts.history import add_to_report, as_rows
from tasks.alerts.notify import AlertRecord
from tasks.errors import WorkspaceFull

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun, State

ARTIFACT = "retail-alerts"
# The state that the automation for silent runs sets: data, where the message is for people.
HEARTBEAT_LOST = "HeartbeatLost"
_SECONDS = 10.0
_TROUBLE = (httpx.HTTPError, PrefectException, OSError, TimeoutError, RuntimeError)


async def locate(flow_run: FlowRun, flow_name: str, warehouse: str = "") -> AlertSource:
    """Where a run is: its flow, deployment and feed. A deployment that Prefect cannot name now stays empty."""
    deployment = ""
    if flow_run.deployment_id is not None:
        try:
            async with asyncio.timeout(_SECONDS), get_client() as client:
                deployment = (await client.read_deployment(flow_run.deployment_id)).name
        except _TROUBLE:
            deployment = ""
    return AlertSource(flow_name, deployment, text_of(flow_run.parameters, "feed") or "default", warehouse)


def text_of(parameters: dict[str, Any], name: str) -> str:
    """A parameter that is text; empty if it is not given, or something else."""
    value = parameters.get(name)
    return value if isinstance(value, str) else ""


def link_to(flow_run: FlowRun) -> str:
    """The run's page in Prefect's UI, if there is one."""
    return url_for("flow-run", flow_run.id) or ""


def describe_crash(state: State[Any]) -> str:
    """Describe a crash in our words: a state's message may quote an exception that holds anything."""
    if state.name == HEARTBEAT_LOST:
        return "The run sent no heartbeat for too long."
    # Prefect's worker gives the exit code in its message only.
    code = re.search(r"exited with status code: (-?\d+)", state.message or "")
    if code is None:
        return "Its process ended without reporting a state, or lost Prefect's API."
    killed = " It was killed: often the machine was out of memory." if code[1] in {"-9", "137"} else ""
    return f"Its process ended with exit code {code[1]}.{killed}"


async def record_alerts(
    flow_run: FlowRun, records: Sequence[AlertRecord], report: Path | None = None
) -> None:
    """Keep what became of the alerts: in the log, in the run's report, in an artifact. Never raises for those."""
    logger = flow_run_logger(flow_run)
    for row in as_rows(records):
        level = "warning" if row["outcome"] == "not delivered" else "info"
        told = f"Alert {row['alert']!r} to {row['channel']}: {row['outcome']}. {row['reason']}".rstrip()
        getattr(logger, level)("%s", told)
    if not records:
        return
    if report is not None:
        try:
            await asyncio.to_thread(add_to_report, report, records)
        except WorkspaceFull as error:
            logger.warning("The alerts are not in the run's report: %s", error)
    artifact = ArtifactCreate(
        key=ARTIFACT,
        type="table",
        description=f"Alerts of run {flow_run.id}",
        data=json.dumps(as_rows(records)),
        flow_run_id=flow_run.id,
    )
    try:
        async with asyncio.timeout(_SECONDS), get_client() as client:
            await client.create_artifact(artifact)
    except _TROUBLE as error:
        logger.warning("The alerts are in no artifact (%s).", type(error).__name__)
