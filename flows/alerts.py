"""Tell people of a run that cannot tell it itself: it died, or never started. Prefect's automations run this."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal
from uuid import UUID

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.logging import get_run_logger

from blocks import lookup, settings_sources
from flows.alert_context import describe_crash, link_to, locate, record_alerts, text_of
from tasks.alerts.alert import Alert, AlertSource, build_alert
from tasks.alerts.history import read_findings, report_path
from tasks.alerts.notify import notify
from tasks.alerts.prefect_store import VariableAlertStore
from tasks.errors import ChannelRefused


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
    resolved = settings_sources.resolve_leniently()
    async with get_client() as client:
        run = await client.read_flow_run(flow_run_id)
        flow_name = (await client.read_flow(run.flow_id)).name
    if not _still(run, kind):
        get_run_logger().info("Run %s is no longer %s: nobody is told.", run.name, kind)
        return
    policy = await lookup.notification_policy(alerts or text_of(run.parameters, "alerts"), resolved)
    left = tuple(one for one in policy.channels if one.name not in (told_already or ()))
    policy = replace(policy, channels=left)
    if not policy.channels:
        get_run_logger().warning("There is no channel left to tell people through.")
        return
    path = report_path(resolved.settings.workspace, str(run.id))
    source = await locate(run, flow_name, read_findings(path).warehouse)
    record = await notify(_alert(run, source, kind), policy, VariableAlertStore())
    await record_alerts(run, [record], path)
    outcomes = {one.outcome for one in record.channels}
    if "not delivered" in outcomes and "sent" not in outcomes:
        raise ChannelRefused(
            "no channel took the alert; see the artifact of the run it is about.", channel="alerts"
        )


def _still(run: FlowRun, kind: str) -> bool:
    expected = StateType.CRASHED if kind == "crashed" else StateType.SCHEDULED
    return run.state is not None and run.state.type == expected


def _alert(run: FlowRun, source: AlertSource, kind: Literal["crashed", "never_started"]) -> Alert:
    state = run.state
    assert state is not None  # noqa: S101 - looked at by the caller
    if kind == "crashed":
        return build_alert(kind, source, describe_crash(state), state.timestamp, link=link_to(run))
    due = run.expected_start_time or state.timestamp
    happened = f"Run {run.name} was due at {due.isoformat(timespec='seconds')} and has not started."
    return build_alert(kind, source, happened, due, link=link_to(run))
