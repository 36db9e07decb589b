"""Answers about the schema."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from api.models.base import Model


class SchemaReport(Model):
    """The schema after the request."""

    revision: str = Field(description="The revision that it has now.")
    previous_revision: str | None = Field(
        description="The one that it had before; null if there was no schema."
    )
    changed: bool = Field(description="Whether anything was created or upgraded.")
    tables: list[str] = Field(description="The tables, with their schemas.")


SCHEMA: dict[str, Any] = {
    "revision": "0011_size_history",
    "previous_revision": None,
    "changed": True,
    "tables": ["retail_dwh.fact_sale"],
}
