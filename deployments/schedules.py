"""The schedules of the deployments, from the settings: SUPABASE_BACKUP_ENABLED, _SCHEDULE, SUPABASE_MONITORING_ENABLED."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.schedules import SCHEDULE_TYPES, CronSchedule
from prefect.exceptions import ObjectNotFound

from blocks.settings_sources import Settings

MONITORING_CRON = "7 * * * *"


@dataclass(frozen=True)
class Scheduled:
    """A deployment whose schedule the settings decide; times are UTC."""

    deployment: str
    cron: str
    switched_on: bool
    setting: str


def wanted(settings: Settings) -> tuple[Scheduled, ...]:
    """The schedules that these settings ask for."""
    return (
        Scheduled(
            "retail-doctor/hourly",
            MONITORING_CRON,
            settings.supabase_monitoring_enabled,
            "SUPABASE_MONITORING_ENABLED",
        ),
        Scheduled(
            "retail-backup/full",
            settings.supabase_backup_schedule,
            settings.supabase_backup_enabled,
            "SUPABASE_BACKUP_ENABLED",
        ),
    )


async def set_schedules(settings: Settings) -> list[str]:
    """Give each of these deployments its schedule, and return a line on each that the settings speak of."""
    async with get_client() as client:
        return [line for one in wanted(settings) for line in [await _set(client, one)] if line]


async def _set(client: PrefectClient, one: Scheduled) -> str:
    try:
        deployment = await client.read_deployment_by_name(one.deployment)
    except ObjectNotFound:
        if not one.switched_on:
            return ""
        return f"{one.deployment}: {one.setting} is on, but there is no such deployment yet; deploy it, then run this again"
    await _replace(client, deployment.id, one)
    return f"{one.deployment}: " + (f"scheduled, {one.cron} UTC" if one.switched_on else "not scheduled")


async def _replace(client: PrefectClient, deployment_id: UUID, one: Scheduled) -> None:
    """Leave the deployment with this one schedule, so that running it again changes nothing."""
    for schedule in await client.read_deployment_schedules(deployment_id):
        await client.delete_deployment_schedule(deployment_id, schedule.id)
    if one.switched_on:
        schedules: list[tuple[SCHEDULE_TYPES, bool]] = [(CronSchedule(cron=one.cron, timezone="UTC"), True)]
        await client.create_deployment_schedules(deployment_id, schedules)
