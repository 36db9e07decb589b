"""Answers about sizes, and about the settings."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.models.base import Model


class TableStatistics(Model):
    """A table; sizes are bytes. What was never counted, vacuumed or analysed is null."""

    table_name: str
    rows: int
    rows_estimated: int | None
    table_bytes: int = Field(description="The heap alone.")
    index_bytes: int
    toast_bytes: int
    total_bytes: int
    bloat_bytes_estimated: int | None
    dead_rows: int | None
    last_vacuum: datetime | None
    last_analyze: datetime | None


class IndexFault(Model):
    """An index that is unused, missing, invalid, or a duplicate that another one covers."""

    fault: Literal["unused", "duplicate", "invalid", "missing"]
    index_name: str
    table_name: str
    covered_by: str | None
    bytes: int


class Growth(Model):
    """Growth of the database since earlier looks."""

    last_look: datetime | None
    bytes_since: int | None
    bytes_per_day: float | None
    days_until_full: float | None


class Statistics(Model):
    """Sizes and rows of the warehouse, and what is wrong with its indexes and schemas."""

    database_bytes: int
    disk_bytes: int | None = Field(description="Disk of the plan (RETAIL_DISK_MB); null if it is not set.")
    growth: Growth
    tables: list[TableStatistics]
    indexes: list[IndexFault]
    lints: dict[str, list[str]] = Field(
        description="Objects that Supabase's linter would report, by its rule."
    )


class Setting(Model):
    """A setting; secrets are masked."""

    name: str
    value: str
    origin: str = Field(description="Where the value comes from.")


class Configuration(Model):
    """The settings of the server."""

    settings: list[Setting]


STATISTICS: dict[str, Any] = {
    "database_bytes": 121634816,
    "disk_bytes": 500000000,
    "growth": {
        "last_look": "2026-11-28T06:17:00Z",
        "bytes_since": 81920,
        "bytes_per_day": 81920.0,
        "days_until_full": 4618.7,
    },
    "tables": [
        {
            "table_name": "retail_dwh.fact_sale",
            "rows": 541909,
            "rows_estimated": 541909,
            "table_bytes": 62832640,
            "index_bytes": 41287680,
            "toast_bytes": 8192,
            "total_bytes": 104128512,
            "bloat_bytes_estimated": 0,
            "dead_rows": 0,
            "last_vacuum": None,
            "last_analyze": "2026-11-29T06:13:00Z",
        }
    ],
    "indexes": [],
    "lints": {},
}
CONFIGURATION: dict[str, Any] = {
    "settings": [
        {
            "name": "DATABASE_URL",
            "value": "postgresql://retail@db.example.org:5432/postgres",
            "origin": "environment",
        }
    ]
}
