"""What all models share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item")
# numeric(18,4) as Postgres writes it: a number of JSON would become a float.
Money = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$", examples=["139.1200"])]
# Likewise, without zeros at its end.
Quantity = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$", examples=["6", "0.375"])]
Status = Literal["ok", "warning", "critical"]


class Model(BaseModel):
    """A part of an answer; what a dataclass of the pipeline has is read by name."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")


class Page(Model, Generic[Item]):
    """A part of a list."""

    items: list[Item] = Field(description="The rows of the page.")
    page: int = Field(description="The page, from 1.")
    page_size: int = Field(description="Most rows of a page.")
    total: int = Field(description="Rows of all pages.")


def page_example(item: dict[str, Any]) -> dict[str, Any]:
    """Return an example of a page with one row."""
    return {"items": [item], "page": 1, "page_size": 100, "total": 1}


def texts(values: Sequence[object]) -> list[str]:
    """Return the values as text."""
    return [str(value) for value in values]
