"""Answers about runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.models.base import Model, Money, page_example
from api.models.ledger import Outcome, PassedOver
from api.models.work import ENDED_LOAD, RunAnswer

RunStatus = Literal["running", "completed", "failed", "cancelled", "crashed", "timed_out"]


class StageUse(Model):
    """What a stage of a run used. Stages overlap."""

    stage: str
    seconds: float
    cpu_seconds: float | None
    rows: int | None
    rows_per_second: float | None


class RunUse(Model):
    """What a run used and cost; what is not known is null."""

    seconds: float | None
    cpu_seconds: float | None
    peak_memory_bytes: int | None
    bytes_read: int | None
    bytes_written: int | None
    connections: int | None
    turns: int | None
    bytes_sent: int | None
    bytes_received: int | None
    database_bytes: int | None
    currency: str | None
    cpu_cost: Money | None
    traffic_cost: Money | None
    storage_cost_per_month: Money | None
    stages: list[StageUse]


class Run(Model):
    """A run."""

    run_id: UUID
    status: RunStatus
    started_at: datetime
    finished_at: datetime | None
    quality_score: float | None
    degraded_reasons: list[str] = Field(description="What is missing after the run, and what adds it.")
    feed: str | None
    outcomes: dict[str, int] = Field(description="Deliveries by outcome, without those that were unchanged.")
    use: RunUse | None = Field(description="What it used and cost; null while it runs.")


class Attempt(Model):
    """What a run did with a delivery."""

    attempt_id: int
    feed: str
    name: str
    outcome: Outcome
    refusal: str | None
    reason: str | None
    quality_score: float | None
    attempted_at: datetime
    rows_in: int | None
    rows_loaded: int | None
    rows_duplicate: int | None
    rows_quarantined: int | None
    rows_passed_over: int
    passed_over: dict[str, PassedOver]
    notes: list[str]


class RunDetails(Run):
    """A run with what it was asked for, and what it did with each delivery (at most 1,000 of them)."""

    parameters: dict[str, Any]
    versions: dict[str, Any]
    last_backup_id: UUID | None
    attempts: list[Attempt]


class RunReport(RunAnswer):
    """The state of a run, and its outcome."""

    details: RunDetails | None = Field(
        description="The load in the ledger; null for other flows, and before it is there."
    )


_RUN: dict[str, Any] = {
    "run_id": "0f0e2c4b-6a53-4d0a-8d3e-6f1f0f4a9d55",
    "status": "completed",
    "started_at": "2026-11-29T06:12:00Z",
    "finished_at": "2026-11-29T06:12:09Z",
    "quality_score": 99.2,
    "degraded_reasons": [],
    "feed": "default",
    "outcomes": {"loaded": 1},
    "use": {
        "seconds": 8.4,
        "cpu_seconds": 5.1,
        "peak_memory_bytes": 312_475_648,
        "bytes_read": 421_888,
        "bytes_written": 163_840,
        "connections": 3,
        "turns": 31,
        "bytes_sent": 588_236,
        "bytes_received": 20_480,
        "database_bytes": 93_519_872,
        "currency": "EUR",
        "cpu_cost": "0.000071",
        "traffic_cost": "0.000002",
        "storage_cost_per_month": "0.010888",
        "stages": [
            {"stage": "load", "seconds": 2.6, "cpu_seconds": 0.8, "rows": 3107, "rows_per_second": 1195.0}
        ],
    },
}
RUNS: dict[str, Any] = page_example(_RUN)
RUN: dict[str, Any] = {
    **_RUN,
    "parameters": {"sources": ["/srv/tills"]},
    "versions": {"prefect-retail": "0.1.0"},
    "last_backup_id": None,
    "attempts": [
        {
            "attempt_id": 1,
            "feed": "default",
            "name": "/srv/tills/2010-12-01.csv",
            "outcome": "loaded",
            "refusal": None,
            "reason": None,
            "quality_score": 99.2,
            "attempted_at": "2026-11-29T06:12:05Z",
            "rows_in": 3108,
            "rows_loaded": 3107,
            "rows_duplicate": 0,
            "rows_quarantined": 1,
            "rows_passed_over": 0,
            "passed_over": {},
            "notes": [],
        }
    ],
}
RUN_REPORT: dict[str, Any] = {**ENDED_LOAD, "details": RUN}
