"""The deliveries and their accounting: rows in = loaded + duplicate + quarantined + passed over."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.pages.charts import DayValue, draw_bars
from api.pages.site import Feed, answer_or_notice, fetch_page_answer, page, page_router, paginate
from api.query_types import Paging
from api.state import Pool
from tasks.warehouse.deliveries import list_deliveries

_DAYS = 31
_CHART = "Bar chart of the lines loaded, duplicate and quarantined by day of the load; the table below has its values."
_KINDS = ("loaded", "duplicate", "quarantined")
router: APIRouter = page_router()


@router.get("/deliveries")
async def deliveries(pool: Pool, paging: Paging, feed: Feed = None) -> HTMLResponse:
    """Show the deliveries in the warehouse, the last loaded first."""
    listed, notice = await answer_or_notice(
        list_deliveries(pool, feed or "", paging.page_size, paging.offset)
    )
    if listed is None:
        return page("deliveries.html", "/deliveries", "Deliveries", notice=notice, listed=None, feed=feed)
    accounting = await fetch_page_answer(pool, "select_accounting", feed, _DAYS)
    bars = tuple(
        DayValue(date.fromisoformat(row["day"]), kind, row[f"rows_{kind}"])
        for row in accounting["days"]
        for kind in _KINDS
    )
    return page(
        "deliveries.html",
        "/deliveries",
        "Deliveries",
        notice=None,
        listed=listed,
        accounting=accounting,
        chart=await draw_bars(bars, _KINDS, "lines", _CHART) if bars else None,
        pagination=paginate("/deliveries", paging, listed.total, feed=feed),
        feeds=await fetch_page_answer(pool, "select_feeds"),
        feed=feed,
    )
