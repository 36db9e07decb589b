"""Schedules of the deployments, from the settings SUPABASE_BACKUP_…, RETAIL_BACKUP_PRUNE, SUPABASE_MONITORING_ENABLED."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.schedules import SCHEDULE_TYPES, CronSchedule
from prefect.exceptions import ObjectNotFound

from blocks.settings_sources import Settings

MONITORING_CRON = "7 * * * *"
# At another minute than the doctor, who warns of what would stop the watch too.
WATCH_CRON = "37 * * * *"
# Sundays, some hours after the backup of the night.
DRILL_CRON = "30 5 * * 0"
# After the drill, whose proof decides what may go.
PRUNE_CRON = "30 8 * * 0"


@dataclass(frozen=True)
class DeploymentSchedule:
    """A deployment whose schedule depends on ``setting``; ``cron`` is in UTC."""

    deployment: str
    cron: str
    enabled: bool
    setting: str


def schedules_for(settings: Settings) -> tuple[DeploymentSchedule, ...]:
    """The deployments with a schedule, switched on or off by the settings."""
    return (
        DeploymentSchedule(
            "retail-doctor/hourly",
            MONITORING_CRON,
            settings.supabase_monitoring_enabled,
            "SUPABASE_MONITORING_ENABLED",
        ),
        DeploymentSchedule(
            "retail-watch/hourly",
            WATCH_CRON,
            settings.supabase_monitoring_enabled,
            "SUPABASE_MONITORING_ENABLED",
        ),
        DeploymentSchedule(
            "retail-backup/full",
            settings.supabase_backup_schedule,
            settings.supabase_backup_enabled,
            "SUPABASE_BACKUP_ENABLED",
        ),
        DeploymentSchedule(
            "retail-restore/drill",
            DRILL_CRON,
            settings.supabase_backup_enabled,
            "SUPABASE_BACKUP_ENABLED",
        ),
        DeploymentSchedule(
            "retail-prune/weekly",
            PRUNE_CRON,
            settings.supabase_backup_enabled and settings.retail_backup_prune,
            "RETAIL_BACKUP_PRUNE",
        ),
    )


async def set_schedules(settings: Settings) -> list[str]:
    """Set the schedule of each deployment; return a line on each that exists or is switched on."""
    async with get_client() as client:
        return [line for schedule in schedules_for(settings) if (line := await _set(client, schedule))]


async def _set(client: PrefectClient, schedule: DeploymentSchedule) -> str:
    try:
        deployment = await client.read_deployment_by_name(schedule.deployment)
    except ObjectNotFound:
        if not schedule.enabled:
            return ""
        return f"{schedule.deployment}: {schedule.setting} is on, but the deployment does not exist yet; deploy it and run this again"
    await _replace(client, deployment.id, schedule)
    return f"{schedule.deployment}: " + (
        f"scheduled, {schedule.cron} UTC" if schedule.enabled else "not scheduled"
    )


async def _replace(client: PrefectClient, deployment_id: UUID, schedule: DeploymentSchedule) -> None:
    """Replace all schedules of the deployment by this one, so that running it again changes nothing."""
    for existing in await client.read_deployment_schedules(deployment_id):
        await client.delete_deployment_schedule(deployment_id, existing.id)
    if schedule.enabled:
        new: list[tuple[SCHEDULE_TYPES, bool]] = [(CronSchedule(cron=schedule.cron, timezone="UTC"), True)]
        await client.create_deployment_schedules(deployment_id, new)
