"""Sales lines."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import Query

from api.models.sales import SALES, SalesPage
from api.problems import READ_PROBLEMS, Problem, answers
from api.query_types import Day, Paging, Text
from api.routes.routers import API, viewer_router
from api.state import Pool
from tasks.postgres.queries import compact_sql
from tasks.warehouse.questions import fetch_answer

Sort = Literal["sold_at", "-sold_at", "amount", "-amount", "quantity", "-quantity"]
router = viewer_router(API, "Sales")


@router.get("/sales", responses=answers(SALES, *READ_PROBLEMS))
async def sales(
    pool: Pool,
    paging: Paging,
    from_day: Annotated[
        Day | None, Query(alias="from", description="First local day.", examples=["2010-12-01"])
    ] = None,
    to_day: Annotated[
        Day | None, Query(alias="to", description="Last local day, included.", examples=["2010-12-31"])
    ] = None,
    feed: Annotated[Text | None, Query(description="Name of a feed.")] = None,
    product: Annotated[
        Text | None, Query(description="Stock code, in any case.", examples=["85123A"])
    ] = None,
    country: Annotated[Text | None, Query(description="Country as delivered.", examples=["France"])] = None,
    sort: Annotated[Sort, Query(description="Order; - for the largest first.")] = "sold_at",
) -> SalesPage:
    """List sales lines, with the totals of all pages by currency."""
    if from_day and to_day and from_day > to_day:
        raise Problem(422, "The first day is after the last one.", "Exchange from and to.")
    answer = await fetch_answer(
        pool,
        compact_sql("select_sales", "api"),
        _key(from_day) if from_day else 0,
        _key(to_day) if to_day else 99991231,
        feed,
        product,
        country,
        sort,
        paging.page_size,
        paging.offset,
    )
    total = sum(currency["lines"] for currency in answer["totals"])
    return SalesPage.model_validate({**answer, "total": total, **paging.as_members()})


def _key(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day
