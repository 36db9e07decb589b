"""Deliveries and attempts as rows for the statements that keep the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tasks.validate.score import DeliveryQuality

if TYPE_CHECKING:
    from tasks.warehouse.ledger import Attempt


def attempt_row(attempt: Attempt, lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """An attempt for finish_run.sql, with the faulty lines of the delivery that are kept."""
    row = {
        "name": attempt.name,
        "content_hash": attempt.content_hash,
        "outcome": attempt.outcome,
        "quality_score": attempt.quality_score,
        "reason": attempt.reason.replace("\0", "") or None,
        "refusal": attempt.refusal,
    }
    quality = attempt.quality
    if quality is None:
        return row
    return row | {
        "rows_in": quality.rows_in,
        "rows_quarantined": quality.rows_quarantined,
        **passed_over_row(quality),
        "contract_version": attempt.contract_version,
        "scores": quality.score_rows(),
        "lines": lines,
    }


def passed_over_row(quality: DeliveryQuality) -> dict[str, Any]:
    """What the ledger keeps of a delivery's rows that are no sales or no lines, and its notes; empty where it has neither."""
    row: dict[str, Any] = {}
    if quality.passed_over:
        row |= {"rows_passed_over": quality.rows_passed_over, "passed_over": quality.passed_over}
    if quality.notes:
        row["notes"] = quality.notes
    stored: dict[str, Any] = _without_nul(row)
    return stored


def _without_nul(value: Any) -> Any:
    """The same JSON value without the character that Postgres cannot store."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, Mapping):
        return {_without_nul(name): _without_nul(item) for name, item in value.items()}
    if isinstance(value, Sequence):
        return [_without_nul(item) for item in value]
    return value
