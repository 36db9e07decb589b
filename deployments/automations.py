"""Prefect's automations for runs that cannot tell people themselves: ``python -m deployments.automations``.

A process that is killed runs no hook, and a run that no worker takes runs nothing at all. So Prefect's server
watches the runs of this project's deployments (their tag is ``retail``):

- a run whose heartbeats stop becomes HeartbeatLost, a state of type crashed;
- a crashed run starts the deployment ``retail-alert/crashed``, which tells people;
- a run that has not started long after it was due is told to Slack by the server itself, since the worker may
  be what is down, and to the other channels by that deployment once a worker is there.

Run it again after a change of the settings or of the deployments: automations and block are replaced by name.
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
from tasks.errors import RetailError, SettingsError

DEPLOYMENT = "retail-alert/crashed"
WEBHOOK_BLOCK = "retail-never-started"
_TAG = "retail"
_SHORTEST = 10
_ENDED = ("Completed", "Failed", "TimedOut", "Cancelled", "Cancelling", "Crashed", HEARTBEAT_LOST)
_SUBJECT = "Critical: A run never started: {{ flow.name|e }}"
_BODY = (
    "What happened: run {{ flow_run.name|e }} was due at {{ flow_run.expected_start_time }} and has not started.\n"
    "Where: flow {{ flow.name|e }}, deployment {{ deployment.name|e }}\n"
    "Next step: Look whether a worker of the work pool is alive; start one, the waiting run then begins.\n"
    "Run: {{ flow_run|ui_url }}\n"
    "Runbook: docs/runbook.md#never-started"
)


@dataclass(frozen=True)
class Waits:
    """After how long without a heartbeat a run counts as dead, and after how long a late one as never started."""

    silent: timedelta = timedelta(minutes=10)
    late: timedelta = timedelta(minutes=15)


def automations(waits: Waits, alert_deployment: UUID, webhook_block: UUID | None) -> list[AutomationCore]:
    """The automations; without a webhook block the server itself tells nobody."""
    actions: list[Any] = []
    if webhook_block is not None:
        actions.append(SendNotification(block_document_id=webhook_block, subject=_SUBJECT, body=_BODY))
    told = ["slack"] if webhook_block is not None else []
    actions.append(_run_alert(alert_deployment, kind="never_started", told_already=told))
    return [
        AutomationCore(
            name="retail: a run without a sign of life is dead",
            description=f"Its heartbeats stopped and it did not end: its state becomes {HEARTBEAT_LOST} (a crash).",
            trigger=_watch(
                after={"prefect.flow-run.heartbeat"},
                expect={"prefect.flow-run.heartbeat", *_states(*_ENDED)},
                within=waits.silent,
            ),
            actions=[
                ChangeFlowRunState(
                    state=StateType.CRASHED,
                    name=HEARTBEAT_LOST,
                    message="No heartbeat from the run for too long.",
                    force=False,
                )
            ],
        ),
        AutomationCore(
            name="retail: tell that a run died",
            description="Runs the deployment retail-alert/crashed.",
            trigger=_watch(expect=_states("Crashed", HEARTBEAT_LOST)),
            actions=[_run_alert(alert_deployment, kind="crashed")],
        ),
        AutomationCore(
            name="retail: tell that a run never started",
            description="It was late and is not running, nor waiting for its turn, after all this time.",
            trigger=_watch(
                after=_states("Late"),
                expect=_states("Running", "AwaitingConcurrencySlot", *_ENDED),
                within=waits.late,
            ),
            actions=actions,
        ),
    ]


def _states(*names: str) -> set[str]:
    return {f"prefect.flow-run.{name}" for name in names}


def _watch(expect: set[str], after: set[str] | None = None, within: timedelta = timedelta(0)) -> EventTrigger:
    """A trigger for each run of this project: at the event, or (``after``) when it stays away."""
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
    given = {"flow_run_id": run, **parameters}
    return RunDeployment(source="selected", deployment_id=deployment, parameters=given, job_variables=None)


async def register(waits: Waits) -> list[str]:
    """Write the block and the automations to Prefect, replacing those of the same name; return their names.

    Raises SettingsError if the deployment that tells people is not there.
    """
    webhook = await _webhook_block(await _slack_webhook())
    async with get_client() as client:
        try:
            deployment = await client.read_deployment_by_name(DEPLOYMENT)
        except ObjectNotFound:
            raise SettingsError(
                f"There is no deployment {DEPLOYMENT}, which the automations run.",
                "Register it first: prefect --no-prompt deploy --all",
                setting="deployment",
            ) from None
        made = automations(waits, deployment.id, webhook)
        for one in made:
            await _write(client, one)
    return [one.name for one in made]


async def _slack_webhook() -> SecretStr | None:
    block = await lookup.alerts_block("", settings_sources.resolve())
    return block.slack.url if block is not None and block.slack is not None else None


async def _webhook_block(url: SecretStr | None) -> UUID | None:
    """A block that every Prefect server and Cloud knows, since the server has not this project's own."""
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


async def _write(client: PrefectClient, automation: AutomationCore) -> None:
    found = await client.read_automations_by_name(automation.name)
    if not found:
        await client.create_automation(automation)
        return
    await client.update_automation(found[0].id, automation)
    for further in found[1:]:  # two commands at once
        await client.delete_automation(further.id)


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 < minutes <= 10_080:
        raise argparse.ArgumentTypeError("give minutes, more than 0 and at most a week")
    return minutes


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the automations and say which; 2 if a setting is wrong or the deployment is missing."""
    parser = argparse.ArgumentParser(prog="python -m deployments.automations", description=__doc__)
    parser.add_argument(
        "--silent-minutes",
        type=_minutes,
        default=10.0,
        help="without a heartbeat, which comes every 3 minutes",
    )
    parser.add_argument(
        "--late-minutes", type=_minutes, default=15.0, help="of a late run until people are told"
    )
    given = parser.parse_args(arguments)
    if min(given.silent_minutes, given.late_minutes) * 60 < _SHORTEST:
        parser.error(f"Prefect takes no wait below {_SHORTEST} seconds.")
    waits = Waits(timedelta(minutes=given.silent_minutes), timedelta(minutes=given.late_minutes))
    try:
        with lookup.prefect_errors_mapped():
            names = asyncio.run(register(waits))
    except RetailError as error:
        print(f"deployments.automations: {error}", file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1
    print("\n".join(f"written: {name}" for name in names))
    return 0


if __name__ == "__main__":
    sys.exit(main())
