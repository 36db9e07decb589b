"""The automation that backs up after a load, switched on and off by SUPABASE_BACKUP_ENABLED."""

from __future__ import annotations

from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound

from blocks.settings_sources import Settings

BACKUP = "retail-backup/full"
NAME = "retail: back up after a load"


def backup_after_load(deployment: UUID) -> AutomationCore:
    """Build the automation for the id of the deployment ``retail-backup/full``.

    Prefect's event has the name of the state, so that a run which ends as NothingNew or DryRun triggers nothing. The
    action has no parameters: where a template's type does not fit, the triggered run silently never starts.
    """
    return AutomationCore(
        name=NAME,
        description="Runs the deployment retail-backup/full after a run of retail-etl that loaded something.",
        trigger=EventTrigger(
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={"prefect.resource.role": "flow", "prefect.resource.name": "retail-etl"},
            expect={"prefect.flow-run.Completed"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[
            RunDeployment(source="selected", deployment_id=deployment, parameters={}, job_variables=None)
        ],
    )


async def set_backup_trigger(settings: Settings) -> list[str]:
    """Create, replace or remove the automation; return a line on it unless it is off and was not there."""
    async with get_client() as client:
        removed = await _remove(client)
        if not settings.supabase_backup_enabled:
            return [f"{NAME}: removed"] if removed else []
        try:
            deployment = await client.read_deployment_by_name(BACKUP)
        except ObjectNotFound:
            return []  # the line on its schedule says so
        await client.create_automation(backup_after_load(deployment.id))
    return [f"{NAME}: {BACKUP} runs after each run of retail-etl that loads something"]


async def _remove(client: PrefectClient) -> bool:
    existing = await client.read_automations_by_name(NAME)
    for automation in existing:
        await client.delete_automation(automation.id)
    return bool(existing)
