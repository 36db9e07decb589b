"""Deliveries, faulty lines, and the quality of attempts."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.models.base import Page
from api.models.ledger import DELIVERIES, QUALITY, REJECTS, AttemptQuality, Delivery, RejectedLine
from api.problems import READ_PROBLEMS, answers
from api.query_types import Flag, Paging, Text
from api.routes.routers import API, viewer_router
from api.state import Pool
from tasks.warehouse.deliveries import list_deliveries
from tasks.warehouse.rejects import list_rejected_lines
from tasks.warehouse.runs import read_quality

Feed = Annotated[Text | None, Query(description="Name of a feed.")]
DeliveryName = Annotated[Text | None, Query(description="Name of a delivery, as /api/v1/deliveries has it.")]
router = viewer_router(API, "Ledger")


@router.get("/deliveries", responses=answers(DELIVERIES, *READ_PROBLEMS))
async def deliveries(pool: Pool, paging: Paging, feed: Feed = None) -> Page[Delivery]:
    """List the deliveries in the warehouse, the last loaded first."""
    listed = await list_deliveries(pool, feed or "", paging.page_size, paging.offset)
    return Page[Delivery].model_validate(
        {"items": listed.deliveries, "total": listed.total, **paging.as_members()}
    )


@router.get("/quality", responses=answers(QUALITY, *READ_PROBLEMS))
async def quality(
    pool: Pool,
    paging: Paging,
    feed: Feed = None,
    delivery: DeliveryName = None,
    run: Annotated[UUID | None, Query(description="Id of a run.")] = None,
) -> Page[AttemptQuality]:
    """List the quality scores of attempts by dimension, the last first; those of refused deliveries too."""
    answer = await read_quality(
        pool, feed=feed, delivery=delivery, run_id=run, limit=paging.page_size, offset=paging.offset
    )
    return Page[AttemptQuality].model_validate({**answer, **paging.as_members()})


@router.get("/rejects", responses=answers(REJECTS, 404, *READ_PROBLEMS))
async def rejects(
    pool: Pool,
    paging: Paging,
    feed: Feed = None,
    delivery: DeliveryName = None,
    history: Annotated[Flag, Query(description="Also those of earlier attempts.")] = False,
) -> Page[RejectedLine]:
    """List the faulty lines of deliveries, one row for each rule that a line violates; those of refused ones too."""
    listed = await list_rejected_lines(
        pool,
        delivery=delivery or "",
        feed=feed or "",
        history=history,
        limit=paging.page_size,
        offset=paging.offset,
    )
    return Page[RejectedLine].model_validate(
        {"items": listed.lines, "total": listed.total, **paging.as_members()}
    )
