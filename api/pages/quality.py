"""Quality over time by dimension, and the rules that are violated most."""

from __future__ import annotations

from datetime import date
from functools import cache

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.pages.charts import DayValue, draw_lines
from api.pages.site import Feed, answer_or_notice, fetch_page_answer, page, page_router
from api.state import Pool
from tasks.validate.contract import rules

_DAYS = 90
_CHART = "Line chart of the quality score of each dimension by day; the table below has its values."
router: APIRouter = page_router()


@router.get("/quality")
async def quality(pool: Pool, feed: Feed = None) -> HTMLResponse:
    """Show the scores by day and dimension."""
    scores, notice = await answer_or_notice(fetch_page_answer(pool, "select_scores_by_day", feed, _DAYS))
    if scores is None:
        return page("quality.html", "/quality", "Quality", notice=notice, scores=[], feeds=[], feed=feed)
    points = tuple(DayValue(date.fromisoformat(row["day"]), row["dimension"], row["score"]) for row in scores)
    dimensions = tuple(name for name in rules(date(2020, 1, 1)) if any(name == p.series for p in points))
    return page(
        "quality.html",
        "/quality",
        "Quality",
        notice=None,
        scores=scores,
        table=_by_day(points),
        dimensions=dimensions,
        chart=await draw_lines(points, dimensions, "score", _CHART) if points else None,
        worst_rules=await fetch_page_answer(pool, "select_worst_rules", feed, None),
        reasons=reasons(),
        dimension_of=dimension_of_rule(),
        feeds=await fetch_page_answer(pool, "select_feeds"),
        feed=feed,
        days=_DAYS,
    )


def _by_day(points: tuple[DayValue, ...]) -> list[tuple[date, dict[str, float]]]:
    table: dict[date, dict[str, float]] = {}
    for point in points:
        table.setdefault(point.day, {})[point.series] = point.value
    return sorted(table.items(), reverse=True)


@cache
def reasons() -> dict[str, str]:
    """Return what each rule asks of a line, by its name."""
    return {rule.name: rule.explanation for members in rules(date(2020, 1, 1)).values() for rule in members}


@cache
def dimension_of_rule() -> dict[str, str]:
    """Return the dimension of each rule, by its name."""
    return {rule.name: name for name, members in rules(date(2020, 1, 1)).items() for rule in members}
