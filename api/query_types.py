"""Types of query parameters. What is not written as documented is refused with an example, never guessed."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import BeforeValidator, StringConstraints, WithJsonSchema

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})")
_NUMBER = re.compile(r"[0-9]{1,9}")


def _day(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value) if _DAY.fullmatch(value) else _refuse("day", "2011-12-09")
        except ValueError:
            _refuse("day", "2011-12-09")
    return value


def _time(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value) if _TIME.fullmatch(value) else _refuse_time()
        except ValueError:
            _refuse_time()
    return value


def _refuse_time() -> None:
    _refuse("time with a zone", "2011-12-09T12:50:00Z")


def _refuse(what: str, example: str) -> None:
    raise ValueError(f"is no {what}: write it as {example}")


def _number(value: Any) -> Any:
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            _refuse("whole number", "20")
        return int(value)
    return value


def _flag(value: Any) -> Any:
    if isinstance(value, str):
        if value not in {"true", "false"}:
            raise ValueError("is neither true nor false")
        return value == "true"
    return value


Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2011-12-09"]}),
]
Time = Annotated[
    datetime,
    BeforeValidator(_time),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2011-12-09T12:50:00Z"]}),
]
Number = Annotated[int, BeforeValidator(_number)]
Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
# Postgres has no text with a null character.
Text = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[^\x00]+$")]
Id = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._:-]+$")]
TableName = Annotated[
    str,
    Path(
        min_length=1,
        max_length=127,
        pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)?$",
        description="A table; without a schema it is one of retail_dwh.",
        examples=["dim_product"],
    ),
]
DEFAULT_SCHEMA = "retail_dwh"


def with_schema(name: str) -> str:
    """Return the name of a table with its schema; a name without one means ``retail_dwh``."""
    return name if "." in name else f"{DEFAULT_SCHEMA}.{name}"


class PageRequest:
    """The part of a list that was asked for."""

    def __init__(self, page: int, page_size: int) -> None:
        self.page = page
        self.page_size = page_size

    @property
    def offset(self) -> int:
        """Rows before the page."""
        return (self.page - 1) * self.page_size

    def as_members(self) -> dict[str, int]:
        """Return what an answer says of the page."""
        return {"page": self.page, "page_size": self.page_size}


async def page_request(
    page: Annotated[Number, Query(ge=1, le=1_000_000, description="Page, from 1.", examples=[1])] = 1,
    page_size: Annotated[Number, Query(ge=1, le=1_000, description="Rows of a page.", examples=[100])] = 100,
) -> PageRequest:
    """Read the page: a dependency."""
    return PageRequest(page, page_size)


Paging = Annotated[PageRequest, Depends(page_request)]
