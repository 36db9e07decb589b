"""The flow that sends the alert of a run which cannot send it itself: it crashed, or never started.

Prefect's automations run it, see ``deployments.automations``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.logging import get_run_logger

from blocks import lookup, settings_sources
from flows.alert_causes import cause_of_run, sources_of
from flows.alert_context import describe_crash, link_to, locate, record_alerts, text_parameter
from flows.checked_flow import BlockName, flow
from tasks.alerts.alert import Alert, AlertSource, build_alert
from tasks.alerts.history import read_figures, report_path
from tasks.alerts.notify import notify
from tasks.alerts.prefect_store import VariableAlertStore
from tasks.errors import ChannelRefused


@flow(name="retail-alert", timeout_seconds=180, persist_result=False)
async def retail_alert(
    flow_run_id: UUID,
    kind: Literal["crashed", "never_started"] = "crashed",
    alerts: BlockName = "",
    told_already: list[str] | None = None,
) -> None:
    """Notify people that a run crashed or never started, unless it was notified before or has recovered.

    Args:
        flow_run_id: The run.
        kind: crashed for a run that crashed, never_started for one that is late and not running.
        alerts: Name of an Alerts block. Empty: the block of the run, else RETAIL_ALERTS, else the channels in the
            environment.
        told_already: Names of channels that the Prefect server has already notified, such as slack.

    Raises:
        SettingsError: The block does not exist.
        ChannelRefused: No channel delivered the alert.
    """
    resolved = settings_sources.resolve_leniently()
    async with get_client() as client:
        run = await client.read_flow_run(flow_run_id)
        flow_name = (await client.read_flow(run.flow_id)).name
    state = run.state
    if state is None or not _is_current(state, kind):
        get_run_logger().info("Run %s is no longer %s: no alert is sent.", run.name, kind)
        return
    policy = await lookup.notification_policy(alerts or text_parameter(run.parameters, "alerts"), resolved)
    channels = tuple(channel for channel in policy.channels if channel.name not in (told_already or ()))
    policy = replace(policy, channels=channels)
    if not policy.channels:
        get_run_logger().warning("No channel is left to send the alert through.")
        return
    path = report_path(resolved.settings.workspace, str(run.id))
    source = await locate(run, flow_name, read_figures(path).warehouse)
    record = await notify(_alert(run, state, source, kind), policy, VariableAlertStore())
    await record_alerts(run, [record], path)
    outcomes = {result.outcome for result in record.channels}
    if "not delivered" in outcomes and "sent" not in outcomes:
        raise ChannelRefused(
            "no channel delivered the alert.",
            "See the artifact retail-alerts of the run that the alert is about.",
            channel="alerts",
        )


def _is_current(state: State, kind: str) -> bool:
    expected = StateType.CRASHED if kind == "crashed" else StateType.SCHEDULED
    return state.type == expected


def _alert(
    run: FlowRun, state: State, source: AlertSource, kind: Literal["crashed", "never_started"]
) -> Alert:
    cause = cause_of_run(sources_of(run))
    if kind == "crashed":
        return build_alert(kind, source, describe_crash(state), state.timestamp, link=link_to(run), **cause)
    due = run.expected_start_time or state.timestamp
    what = f"Run {run.name} was due at {due.isoformat(timespec='seconds')} and has not started."
    return build_alert(kind, source, what, due, link=link_to(run), **cause)
