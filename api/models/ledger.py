"""Answers about the ledger: deliveries, faulty lines, and the quality of attempts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.models.base import Model, Money, page_example

Outcome = Literal["loaded", "replaced", "unchanged", "refused", "failed", "unfinished", "withdrawn"]


class PassedOver(Model):
    """Rows of a delivery that are no sales or no lines, of one reason."""

    rows: int
    amounts: dict[str, Money] = Field(
        default_factory=dict,
        description="Their amounts by currency: told, else the feed's; an empty text where other lines tell theirs.",
    )


class Delivery(Model):
    """A delivery in the warehouse; rows in = loaded + duplicate + quarantined + passed over."""

    feed: str
    name: str
    loaded_at: datetime
    rows_in: int
    rows_loaded: int
    rows_duplicate: int
    rows_quarantined: int
    rows_passed_over: int = Field(
        description="Rows that are no sales (void, training, cancelled, unpaid, unpriced) or no lines, by the mapping."
    )
    passed_over: dict[str, PassedOver] = Field(description="The same by reason.")
    quality_score: float | None = Field(description="Overall quality score, 0 to 100.")
    content_hash: str = Field(description="SHA-256 of the file.")
    contract_version: str
    run_id: UUID
    vanished_at: datetime | None = Field(
        description="When a run first found that its folder no longer has it; null while it is there."
    )
    notes: list[str] = Field(description="Findings about the delivery as a whole.")
    attempts: int = Field(description="How often runs tried to load a delivery of this name.")


class RejectedLine(Model):
    """A line and one rule that it violates."""

    feed: str
    delivery: str
    line: int = Field(description="Number of the line in the delivery, from 1.")
    rule: str
    value: str | None = Field(description="The value as delivered; null if it is missing.")
    raw: str = Field(description="The line as delivered: a JSON object of its columns, or its text.")
    run: UUID
    time: datetime
    outcome: Outcome
    attempt_id: int


class DimensionScore(Model):
    """The quality of an attempt in one dimension."""

    dimension: str
    score: float = Field(description="0 to 100.")
    error_lines: int
    warning_lines: int


class AttemptQuality(Model):
    """The quality of what a run tried to load."""

    attempt_id: int
    feed: str
    delivery: str
    run_id: UUID
    attempted_at: datetime
    outcome: Outcome
    quality_score: float
    rows_in: int | None
    rows_quarantined: int | None
    dimensions: list[DimensionScore]


_RUN = "0f0e2c4b-6a53-4d0a-8d3e-6f1f0f4a9d55"
DELIVERIES: dict[str, Any] = page_example(
    {
        "feed": "default",
        "name": "/srv/tills/2010-12-01.csv",
        "loaded_at": "2026-11-29T06:12:00Z",
        "rows_in": 3110,
        "rows_loaded": 3107,
        "rows_duplicate": 0,
        "rows_quarantined": 1,
        "rows_passed_over": 2,
        "passed_over": {"training": {"rows": 2, "amounts": {"GBP": "7.50"}}},
        "quality_score": 99.2,
        "content_hash": "9f2c",
        "contract_version": "3",
        "run_id": _RUN,
        "vanished_at": None,
        "notes": [],
        "attempts": 1,
    }
)
REJECTS: dict[str, Any] = page_example(
    {
        "feed": "leeds",
        "delivery": "/srv/leeds/till.csv",
        "line": 8,
        "rule": "quantity_readable",
        "value": "six",
        "raw": '{"InvoiceNo": "536366", "Quantity": "six"}',
        "run": _RUN,
        "time": "2026-11-29T06:12:00Z",
        "outcome": "loaded",
        "attempt_id": 2,
    }
)
QUALITY: dict[str, Any] = page_example(
    {
        "attempt_id": 2,
        "feed": "leeds",
        "delivery": "/srv/leeds/till.csv",
        "run_id": _RUN,
        "attempted_at": "2026-11-29T06:12:00Z",
        "outcome": "loaded",
        "quality_score": 98.7,
        "rows_in": 12,
        "rows_quarantined": 1,
        "dimensions": [{"dimension": "validity", "score": 91.7, "error_lines": 1, "warning_lines": 0}],
    }
)
