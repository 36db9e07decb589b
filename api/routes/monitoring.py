"""The connection over several tries, and the health of the server."""

from __future__ import annotations

from datetime import UTC, datetime

from api.models.health import MONITORING, Finding, MonitoringReport
from api.problems import READ_PROBLEMS, answers
from api.routes.routers import SUPABASE, viewer_router
from api.state import Pool, State
from tasks.warehouse.health.examine import examine_health
from tasks.warehouse.health.finding import worst

router = viewer_router(SUPABASE, "Health")


@router.get("/monitoring/connection", responses=answers(MONITORING, *READ_PROBLEMS))
async def monitor_connection(pool: Pool, state: State) -> MonitoringReport:
    """Open new connections several times, and judge the server: its locks, its limits, its last run and backup.

    200 whatever is found; thresholds are settings.
    """
    findings = await examine_health(pool, state.resolved.settings.health_thresholds)
    return MonitoringReport(
        status=worst(*(finding.status for finding in findings)).value,
        findings=[Finding.model_validate(finding.as_json()) for finding in findings],
        timestamp=datetime.now(UTC),
    )
