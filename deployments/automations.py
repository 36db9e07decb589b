"""Prefect automations for runs that cannot send their own alerts: ``python -m deployments.automations``.

A killed process runs no hook, and a run without a worker runs nothing at all. So the Prefect server watches the runs of
this project's deployments (those with the tag ``retail``):

- a run whose heartbeats stop is set to HeartbeatLost, a state of type CRASHED;
- a crashed run triggers the deployment ``retail-alert/crashed``, which sends the alert;
- a run that is late and has not started is reported to Slack by the server itself, as perhaps no worker is running,
  and to the other channels by that deployment once a worker is.

Run it again after changing the settings or the deployments: automations and block are replaced by name.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, RunDeployment, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound
from prefect.types import SecretDict
from pydantic import SecretStr

from blocks import lookup, settings_sources
from flows.alert_context import HEARTBEAT_LOST
from flows.end_states import DRY_RUN, NOTHING_NEW
from tasks.alerts.kinds import KINDS
from tasks.errors import RetailError, SettingsError

DEPLOYMENT = "retail-alert/crashed"
WEBHOOK_BLOCK = "retail-never-started"
_TAG = "retail"
_SHORTEST_SECONDS = 10
_ENDED = (
    *("Completed", NOTHING_NEW, DRY_RUN),
    *("Failed", "TimedOut", "Cancelled", "Cancelling", "Crashed", HEARTBEAT_LOST),
)
_NEVER_STARTED = KINDS["never_started"]
_SUBJECT = f"{_NEVER_STARTED.severity.capitalize()}: {_NEVER_STARTED.title}: " + "{{ flow.name|e }}"
_BODY = (
    "What happened: run {{ flow_run.name|e }} was due at {{ flow_run.expected_start_time }} and has not started.\n"
    "Where: flow {{ flow.name|e }}, deployment {{ deployment.name|e }}\n"
    f"Next step: {_NEVER_STARTED.next_step}\n"
    "Run: {{ flow_run|ui_url }}\n"
    f"Runbook: docs/runbook.md#{_NEVER_STARTED.runbook}"
)


@dataclass(frozen=True)
class WaitLimits:
    """Time without a heartbeat until a run counts as crashed, and time a run may be late until people are notified."""

    silent: timedelta = timedelta(minutes=10)
    late: timedelta = timedelta(minutes=15)


def automations(
    limits: WaitLimits, alert_deployment: UUID, webhook_block: UUID | None
) -> list[AutomationCore]:
    """Build the automations.

    Args:
        limits: When a run counts as crashed, or as never started.
        alert_deployment: Id of the deployment ``retail-alert/crashed``.
        webhook_block: Id of the block with the Slack webhook; without it the server itself sends nothing.
    """
    actions: list[Any] = []
    if webhook_block is not None:
        actions.append(SendNotification(block_document_id=webhook_block, subject=_SUBJECT, body=_BODY))
    notified = ["slack"] if webhook_block is not None else []
    actions.append(_run_alert(alert_deployment, kind="never_started", told_already=notified))
    return [
        AutomationCore(
            name="retail: a run without a sign of life is dead",
            description=f"Sets a run that stopped sending heartbeats without ending to {HEARTBEAT_LOST}, a state of type CRASHED.",
            trigger=_watch(
                after={"prefect.flow-run.heartbeat"},
                expect={"prefect.flow-run.heartbeat", *_states(*_ENDED)},
                within=limits.silent,
            ),
            actions=[
                ChangeFlowRunState(
                    state=StateType.CRASHED,
                    name=HEARTBEAT_LOST,
                    message="The run stopped sending heartbeats.",
                    force=False,
                )
            ],
        ),
        AutomationCore(
            name="retail: tell that a run died",
            description="Runs the deployment retail-alert/crashed, which sends the alert.",
            trigger=_watch(expect=_states("Crashed", HEARTBEAT_LOST)),
            actions=[_run_alert(alert_deployment, kind="crashed")],
        ),
        AutomationCore(
            name="retail: tell that a run never started",
            description="Sends an alert for a run that is late and neither running nor waiting for a concurrency slot.",
            trigger=_watch(
                after=_states("Late"),
                expect=_states("Running", "AwaitingConcurrencySlot", *_ENDED),
                within=limits.late,
            ),
            actions=actions,
        ),
    ]


def _states(*names: str) -> set[str]:
    return {f"prefect.flow-run.{name}" for name in names}


def _watch(expect: set[str], after: set[str] | None = None, within: timedelta = timedelta(0)) -> EventTrigger:
    """A trigger per run of this project: when an event arrives, or (with ``after``) when it does not."""
    return EventTrigger(
        match={"prefect.resource.id": "prefect.flow-run.*"},
        match_related={"prefect.resource.id": f"prefect.tag.{_TAG}", "prefect.resource.role": "tag"},
        for_each={"prefect.resource.id"},
        after=after or set(),
        expect=expect,
        posture=Posture.Proactive if after else Posture.Reactive,
        threshold=1,
        within=within,
    )


def _run_alert(deployment: UUID, **parameters: Any) -> RunDeployment:
    run = {"__prefect_kind": "jinja", "template": "{{ flow_run.id }}"}
    return RunDeployment(
        source="selected",
        deployment_id=deployment,
        parameters={"flow_run_id": run, **parameters},
        job_variables=None,
    )


async def register(limits: WaitLimits) -> list[str]:
    """Save the webhook block and the automations in Prefect, replacing those of the same name.

    Returns:
        The names of the automations.

    Raises:
        SettingsError: The deployment that sends the alerts does not exist, or a setting is invalid.
    """
    webhook = await _webhook_block(await _slack_webhook())
    async with get_client() as client:
        try:
            deployment = await client.read_deployment_by_name(DEPLOYMENT)
        except ObjectNotFound:
            raise SettingsError(
                f"The deployment {DEPLOYMENT}, which the automations run, does not exist.",
                "Register it first: prefect --no-prompt deploy --all",
                setting="deployment",
            ) from None
        registered = automations(limits, deployment.id, webhook)
        for automation in registered:
            await _save(client, automation)
    return [automation.name for automation in registered]


async def _slack_webhook() -> SecretStr | None:
    block = await lookup.alerts_block("", settings_sources.resolve())
    return block.slack.url if block is not None and block.slack is not None else None


async def _webhook_block(url: SecretStr | None) -> UUID | None:
    """Save the webhook in a built-in block type: the server does not have this project's own blocks."""
    if url is None:
        return None
    block = CustomWebhookNotificationBlock(
        name=WEBHOOK_BLOCK,
        url="{{webhook}}",
        json_data={"text": "{{subject}}\n{{body}}"},
        headers=None,
        cookies=None,
        secrets=SecretDict({"webhook": url.get_secret_value()}),
    )
    return await block.asave(WEBHOOK_BLOCK, overwrite=True)


async def _save(client: PrefectClient, automation: AutomationCore) -> None:
    existing = await client.read_automations_by_name(automation.name)
    if not existing:
        await client.create_automation(automation)
        return
    await client.update_automation(existing[0].id, automation)
    for duplicate in existing[1:]:  # from two concurrent commands
        await client.delete_automation(duplicate.id)


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 < minutes <= 10_080:
        raise argparse.ArgumentTypeError("must be more than 0 and at most 10080 minutes (a week)")
    return minutes


def main(arguments: Sequence[str] | None = None) -> int:
    """Save the automations and print their names; exit code 2 for invalid settings or a missing deployment."""
    parser = argparse.ArgumentParser(prog="python -m deployments.automations", description=__doc__)
    parser.add_argument(
        "--silent-minutes",
        type=_minutes,
        default=10.0,
        help="minutes without a heartbeat until a run counts as crashed; one is sent every 3 minutes",
    )
    parser.add_argument(
        "--late-minutes", type=_minutes, default=15.0, help="minutes a run is late until people are notified"
    )
    options = parser.parse_args(arguments)
    if min(options.silent_minutes, options.late_minutes) * 60 < _SHORTEST_SECONDS:
        parser.error(f"Prefect accepts no wait below {_SHORTEST_SECONDS} seconds.")
    limits = WaitLimits(timedelta(minutes=options.silent_minutes), timedelta(minutes=options.late_minutes))
    try:
        with lookup.prefect_errors_mapped():
            names = asyncio.run(register(limits))
    except RetailError as error:
        print(f"deployments.automations: {error}", file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1
    print("\n".join(f"saved: {name}" for name in names))
    return 0


if __name__ == "__main__":
    sys.exit(main())
