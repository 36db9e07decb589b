"""The integrity checks."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from api.integrity_checks import configured_checks, full_report
from api.models.integrity import INTEGRITY_REPORT, IntegrityReport
from api.problems import WORK_PROBLEMS, Problem, answers
from api.query_types import Text
from api.routes.routers import SUPABASE, operator_router
from api.state import Pool, State
from tasks.errors import SettingsError
from tasks.warehouse.integrity.examine import examine_integrity

router = operator_router(SUPABASE, "Integrity")


@router.post("/integrity/validate", responses=answers(INTEGRITY_REPORT, *WORK_PROBLEMS))
async def validate_integrity(
    pool: Pool,
    state: State,
    check: Annotated[
        Text | None, Query(description="Name of one check, whose result is not stored; all without it.")
    ] = None,
) -> IntegrityReport:
    """Run the integrity checks and store their results.

    422 with the report (member `report`) where a check of severity error found something or a check could not run.
    """
    settings = state.resolved.settings
    try:
        checks = configured_checks(settings, check or "")
    except SettingsError as error:
        if error.attributes.get("setting") != "check":
            raise
        raise Problem(422, error.what, error.next_step) from None
    report = await examine_integrity(
        pool, checks, custom_seconds=settings.retail_integrity_check_seconds, store=check is None
    )
    found = full_report(report)
    if not report.passed:
        wrong = [result.name for result in report.results if result.status in {"error", "failed"}]
        raise Problem(
            422,
            f"The data fails {', '.join(wrong)}.",
            "The member report has samples, and a statement of all violations.",
            report=found.model_dump(mode="json"),
        )
    return found
