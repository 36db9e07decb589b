"""The quarantined lines, with the rule that each violates, the value and the line as delivered."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.pages.quality import dimension_of_rule, reasons
from api.pages.site import (
    DeliveryName,
    Feed,
    answer_or_notice,
    fetch_page_answer,
    page,
    page_router,
    paginate,
)
from api.query_types import Paging
from api.state import Pool
from tasks.warehouse.rejects import list_rejected_lines

router: APIRouter = page_router()


@router.get("/quarantine")
async def quarantine(
    pool: Pool, paging: Paging, feed: Feed = None, delivery: DeliveryName = None
) -> HTMLResponse:
    """Show the faulty lines of the deliveries in the warehouse, and of those that were refused since."""
    listed, notice = await answer_or_notice(
        list_rejected_lines(
            pool, delivery=delivery or "", feed=feed or "", limit=paging.page_size, offset=paging.offset
        )
    )
    values = {"feed": feed, "delivery": delivery, "notice": notice, "listed": listed}
    if listed is None:
        return page("quarantine.html", "/quarantine", "Quarantine", **values)
    return page(
        "quarantine.html",
        "/quarantine",
        "Quarantine",
        **values,
        worst_rules=await fetch_page_answer(pool, "select_worst_rules", feed, delivery),
        reasons=reasons(),
        dimension_of=dimension_of_rule(),
        pagination=paginate("/quarantine", paging, listed.total, feed=feed, delivery=delivery),
        feeds=await fetch_page_answer(pool, "select_feeds"),
    )
