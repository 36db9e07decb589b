"""The runs of the ledger."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from api.models.base import Page
from api.models.runs import RUN_REPORT, RUNS, Run, RunDetails, RunReport, RunStatus
from api.problems import READ_PROBLEMS, answers
from api.query_types import Paging, Text
from api.routes.routers import API, viewer_router
from api.routes.work.started import answer
from api.state import Pool, State
from tasks.warehouse.runs import list_runs, read_run

router = viewer_router(API, "Runs")


@router.get("/runs", responses=answers(RUNS, *READ_PROBLEMS))
async def runs(
    pool: Pool,
    paging: Paging,
    status: Annotated[RunStatus | None, Query(description="Only runs that ended so.")] = None,
    feed: Annotated[Text | None, Query(description="Name of a feed.")] = None,
) -> Page[Run]:
    """List the runs that reached the warehouse, the last first."""
    listed = await list_runs(pool, status=status, feed=feed, limit=paging.page_size, offset=paging.offset)
    return Page[Run].model_validate({"items": listed.runs, "total": listed.total, **paging.as_members()})


@router.get("/runs/{id}", responses=answers(RUN_REPORT, 404, *READ_PROBLEMS))
async def run_details(
    state: State,
    pool: Pool,
    id: Annotated[UUID, Path(description="Id of a run.")],  # noqa: A002 - the name in the address
) -> RunReport:
    """Tell the state of a run, also while Prefect alone knows it, its outcome, and what a load did with each delivery."""
    run = await state.runs.read(id)
    recorded = await read_run(pool, id) if run.load else None
    details = None
    if recorded is not None:
        values = asdict(recorded)
        details = RunDetails.model_validate({**values.pop("run"), **values})
    return RunReport(**answer(run).model_dump(), details=details)
