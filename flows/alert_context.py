"""The context of a flow run's alerts: source, link and description, and the record of their results."""

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
from tasks.errors import UntrustedPath, WorkspaceFull

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun, State

ARTIFACT = "retail-alerts"
# Name of the state that the automation for missing heartbeats sets.
HEARTBEAT_LOST = "HeartbeatLost"
_SECONDS = 10.0
_CLIENT_ERRORS = (httpx.HTTPError, PrefectException, OSError, TimeoutError, RuntimeError)


async def locate(flow_run: FlowRun, flow_name: str, warehouse: str = "") -> AlertSource:
    """Flow, deployment and feed of a run. The deployment stays empty if Prefect does not answer."""
    deployment = ""
    if flow_run.deployment_id is not None:
        try:
            async with asyncio.timeout(_SECONDS), get_client() as client:
                deployment = (await client.read_deployment(flow_run.deployment_id)).name
        except _CLIENT_ERRORS:
            deployment = ""
    return AlertSource(
        flow_name, deployment, text_parameter(flow_run.parameters, "feed") or "default", warehouse
    )


def text_parameter(parameters: dict[str, Any], name: str) -> str:
    """A text parameter; empty if it is missing or has another type."""
    value = parameters.get(name)
    return value if isinstance(value, str) else ""


def link_to(flow_run: FlowRun) -> str:
    """URL of the run's page in the Prefect UI; empty without a UI."""
    return url_for("flow-run", flow_run.id) or ""


def describe_crash(state: State[Any]) -> str:
    """Describe a crash in our words: the state's message may quote an exception that holds a secret."""
    if state.name == HEARTBEAT_LOST:
        return "The run stopped sending heartbeats."
    # Prefect's worker reports the exit code only in the message.
    code = re.search(r"exited with status code: (-?\d+)", state.message or "")
    if code is None:
        return "Its process ended without reporting a state, or lost the connection to Prefect's API."
    killed = " It was killed; the machine may have run out of memory." if code[1] in {"-9", "137"} else ""
    return f"Its process ended with exit code {code[1]}.{killed}"


async def record_alerts(
    flow_run: FlowRun, records: Sequence[AlertRecord], report: Path | None = None
) -> None:
    """Record the results of alerts in the run's log, report and artifact; a failure there is only logged."""
    logger = flow_run_logger(flow_run)
    for row in as_rows(records):
        level = "warning" if row["outcome"] == "not delivered" else "info"
        line = f"Alert {row['alert']!r} to {row['channel']}: {row['outcome']}. {row['reason']}".rstrip()
        getattr(logger, level)("%s", line)
    if not records:
        return
    if report is not None:
        try:
            await asyncio.to_thread(add_to_report, report, records)
        except (UntrustedPath, WorkspaceFull) as error:
            logger.warning("The alerts could not be added to the run's report: %s", error)
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
    except _CLIENT_ERRORS as error:
        logger.warning("The artifact with the alerts could not be created (%s).", type(error).__name__)
