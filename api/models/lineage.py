"""Answers about where columns come from."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from api.models.base import Model


class LineageInput(Model):
    """A column that another column is made of, or that decides its value."""

    dataset: str
    column: str
    kind: str = Field(description="How it is used, by OpenLineage's subtypes of transformations.")
    description: str
    masking: bool = Field(description="Whether its value cannot be read back.")


class LineageColumn(Model):
    """A column with its direct inputs, and where its value comes from at the very start."""

    name: str
    type: str
    inputs: list[LineageInput]
    origins: list[str] = Field(description="Columns of a delivery or of the ledger, as DATASET.COLUMN.")


class TableLineage(Model):
    """The lineage of a table or view."""

    table: str
    columns: list[LineageColumn]
    row_inputs: list[LineageInput] = Field(description="Columns that decide which rows it has.")
    upstream: list[str] = Field(description="All datasets that it is made of, the nearest first.")


LINEAGE: dict[str, Any] = {
    "table": "retail_dwh.dim_country",
    "columns": [
        {
            "name": "country",
            "type": "text",
            "inputs": [
                {
                    "dataset": "silver",
                    "column": "country",
                    "kind": "IDENTITY",
                    "description": "",
                    "masking": False,
                }
            ],
            "origins": ["delivery.Country"],
        }
    ],
    "row_inputs": [],
    "upstream": ["silver", "bronze", "delivery"],
}
