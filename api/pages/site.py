"""What all pages share: navigation, the answer as HTML, and notices where there is nothing to show yet."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from api.authentication import viewer
from api.error_handlers import status_of
from api.pages.rendering import render
from api.query_types import PageRequest, Text
from tasks.errors import RetailError
from tasks.postgres.pool import QueryPool
from tasks.postgres.queries import compact_sql
from tasks.warehouse.questions import fetch_answer

NAVIGATION = (
    ("/", "Overview"),
    ("/quality", "Quality"),
    ("/deliveries", "Deliveries"),
    ("/quarantine", "Quarantine"),
    ("/runs", "Runs"),
    ("/backups", "Backups"),
    ("/docs", "API"),
)
Feed = Annotated[Text | None, Query(description="Name of a feed.")]
DeliveryName = Annotated[Text | None, Query(description="Name of a delivery.")]
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Notice:
    """Why something is not there, and what to do next."""

    what: str
    next_step: str


@dataclass(frozen=True)
class Pagination:
    """The addresses of the pages before and after this one; empty where there is none."""

    first: int
    last: int
    total: int
    previous: str
    next: str


def page_router() -> APIRouter:
    """Return a router of pages, for every user."""
    return APIRouter(dependencies=[Depends(viewer)], include_in_schema=False)


def page(template: str, current: str, title: str, **values: Any) -> HTMLResponse:
    """Return a page.

    Args:
        template: Name of its template.
        current: Its address, or that of the page in the navigation that it belongs to.
        title: Its heading.
        values: What the template shows.
    """
    return HTMLResponse(
        render(template, current=current, title=title, navigation=NAVIGATION, now=datetime.now(UTC), **values)
    )


async def answer_or_notice(question: Awaitable[Answer]) -> tuple[Answer | None, Notice | None]:
    """Return the answer to a question; a notice where the warehouse or the settings have to change first.

    Raises:
        RetailError: the question can be asked again later, or names what does not exist.
    """
    try:
        return await question, None
    except RetailError as error:
        if status_of(error) != 409:
            raise
        return None, Notice(error.description, error.next_step)


async def fetch_page_answer(pool: QueryPool, name: str, *arguments: object) -> Any:
    """Return the answer to a question of the pages. Raises WarehouseError where the schema has another revision."""
    return await fetch_answer(pool, compact_sql(name, "api"), *arguments)


def paginate(address: str, paging: PageRequest, total: int, **query: str | None) -> Pagination:
    """Return where a page of a list is, and its neighbours."""
    given = {name: value for name, value in query.items() if value}

    def link(number: int) -> str:
        return f"{address}?{urlencode({**given, 'page': number, 'page_size': paging.page_size})}"

    last = min(paging.offset + paging.page_size, total)
    pages = -(-total // paging.page_size)
    return Pagination(
        paging.offset + 1,
        last,
        total,
        link(min(paging.page - 1, pages)) if paging.page > 1 else "",
        link(paging.page + 1) if last < total else "",
    )
