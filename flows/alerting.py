"""Tell people of a run that cannot tell it itself: it died, or never started. Prefect's automations run this."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal
from uuid import UUID

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.logging import get_run_logger

from blocks import chosen, environment
from flows.announcing import announce, crash_in_words, link_to, text_of, where_of
from flows.told import ToldInVariables
from tasks.errors import ChannelRefused
from tasks.report.alerts.alert import Alert, Where, alert_of
from tasks.report.alerts.recorded import read_findings, report_path
from tasks.report.alerts.telling import tell


@flow(name="retail-alert", timeout_seconds=180, persist_result=False)
async def retail_alert(
    flow_run_id: UUID,
    kind: Literal["crashed", "never_started"] = "crashed",
    alerts: str = "",
    told_already: list[str] | None = None,
) -> None:
    """Tell people that a run died or never started, unless they were told, or it is no longer so.

    Args:
        flow_run_id: The run.
        kind: crashed for a run that died, never_started for one that waits too long.
        alerts: Name of an Alerts block. Empty means that of the run, else RETAIL_ALERTS, else the channels of the
            environment.
        told_already: Names of channels that the server itself has told, such as slack.

    Raises:
        SettingsError: the block is missing.
        ChannelRefused: no channel took the alert.
    """
    resolved = environment.readable()
    async with get_client() as client:
        run = await client.read_flow_run(flow_run_id)
        flow_name = (await client.read_flow(run.flow_id)).name
    if not _still(run, kind):
        get_run_logger().info("Run %s is no longer %s: nobody is told.", run.name, kind)
        return
    audience = await chosen.alerts(alerts or text_of(run.parameters, "alerts"), resolved)
    left = tuple(one for one in audience.channels if one.name not in (told_already or ()))
    audience = replace(audience, channels=left)
    if not audience.channels:
        get_run_logger().warning("There is no channel left to tell people through.")
        return
    path = report_path(resolved.settings.workspace, str(run.id))
    where = await where_of(run, flow_name, read_findings(path).warehouse)
    record = await tell(_alert(run, where, kind), audience, ToldInVariables())
    await announce(run, [record], path)
    outcomes = {one.outcome for one in record.channels}
    if "not delivered" in outcomes and "sent" not in outcomes:
        raise ChannelRefused.by(
            "alerts", "no channel took the alert; see the artifact of the run it is about."
        )


def _still(run: FlowRun, kind: str) -> bool:
    expected = StateType.CRASHED if kind == "crashed" else StateType.SCHEDULED
    return run.state is not None and run.state.type == expected


def _alert(run: FlowRun, where: Where, kind: Literal["crashed", "never_started"]) -> Alert:
    state = run.state
    assert state is not None  # noqa: S101 - looked at by the caller
    if kind == "crashed":
        return alert_of(kind, where, crash_in_words(state.message or ""), state.timestamp, link=link_to(run))
    due = run.expected_start_time or state.timestamp
    happened = f"Run {run.name} was due at {due.isoformat(timespec='seconds')} and has not started."
    return alert_of(kind, where, happened, due, link=link_to(run))
