"""Answers about the integrity of the data."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.models.base import Model

CheckStatus = Literal["ok", "warning", "error", "failed"]


class CheckSummary(Model):
    """A check."""

    name: str
    severity: Literal["error", "warning"] = Field(description="How severe its violations are.")
    finds: str = Field(description="What its violations are; empty for a check of the user's own.")
    violations: int | None = Field(description="Their number; null if the check could not run.")
    status: CheckStatus


class CheckResult(CheckSummary):
    """A check with examples of its violations."""

    samples: list[dict[str, str | None]] = Field(
        description="The first violations: values as text by column."
    )
    statement: str = Field(description="Query of all of them.")
    error: str = Field(description="Why the check could not run, else empty.")


class _Counts(Model):
    ok: int
    warning: int
    error: int
    failed: int


class IntegritySummary(Model):
    """The results of the checks at a time."""

    passed: bool = Field(description="Every check could run, and none of severity error found anything.")
    examined_at: datetime
    stored: bool = Field(description="Whether the results are in the ledger.")
    counts: _Counts = Field(description="Checks by status.")
    checks: list[CheckSummary]


class IntegrityReport(IntegritySummary):
    """The results of the checks at a time, with samples."""

    checks: list[CheckResult]  # type: ignore[assignment]


_CHECK: dict[str, Any] = {
    "name": "zero_prices",
    "severity": "warning",
    "finds": "lines with a price of 0",
    "violations": 2515,
    "status": "warning",
}
INTEGRITY_SUMMARY: dict[str, Any] = {
    "passed": True,
    "examined_at": "2026-11-29T06:17:00Z",
    "stored": True,
    "counts": {"ok": 0, "warning": 1, "error": 0, "failed": 0},
    "checks": [_CHECK],
}
INTEGRITY_REPORT: dict[str, Any] = {
    **INTEGRITY_SUMMARY,
    "checks": [
        {
            **_CHECK,
            "samples": [{"feed": "default", "invoice_no": "536414", "unit_price": "0.0000"}],
            "statement": "select ...",
            "error": "",
        }
    ],
}
