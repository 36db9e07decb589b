"""The runs, and the report of one of them with the picture of its lineage."""

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse

from api.pages.lineage_picture import draw_lineage
from api.pages.site import Feed, answer_or_notice, page, page_router, paginate
from api.problems import Problem
from api.query_types import Paging
from api.state import Pool
from tasks.warehouse.runs import list_runs, read_quality, read_run

_ATTEMPTS = 1000
router: APIRouter = page_router()


@router.get("/runs")
async def runs(pool: Pool, paging: Paging, feed: Feed = None) -> HTMLResponse:
    """Show the runs, the last first."""
    listed, notice = await answer_or_notice(
        list_runs(pool, feed=feed, limit=paging.page_size, offset=paging.offset)
    )
    pagination = paginate("/runs", paging, listed.total, feed=feed) if listed else None
    return page("runs.html", "/runs", "Runs", notice=notice, listed=listed, pagination=pagination)


@router.get("/runs/{id}")
async def run_report(
    pool: Pool,
    id: Annotated[UUID, Path(description="Id of a run.")],  # noqa: A002 - the name in the address
) -> HTMLResponse:
    """Show what a run was asked for, and what it did with each delivery."""
    details = await read_run(pool, id)
    if details is None:
        raise Problem(404, f"The warehouse knows no run {id}.", "Open Runs, which lists them.")
    quality = await read_quality(pool, run_id=id, limit=_ATTEMPTS)
    rows = [attempt for attempt in details.attempts if attempt["rows_in"] is not None]
    totals = {
        name: sum(attempt[name] or 0 for attempt in rows)
        for name in ("rows_in", "rows_loaded", "rows_duplicate", "rows_quarantined", "rows_passed_over")
    }
    return page(
        "run.html",
        "/runs",
        f"Run {str(id)[:8]}",
        details=details,
        run=details.run,
        totals=totals,
        scores={attempt["attempt_id"]: attempt["dimensions"] for attempt in quality["items"]},
        picture=draw_lineage(details.attempts),
        parameters=json.dumps(details.parameters, indent=2, ensure_ascii=False),
        versions=details.versions,
    )
