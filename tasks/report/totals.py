"""Sums and means of a run's deliveries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from tasks.report.run_report import LOADED, DeliveryReport
from tasks.validate.score import DIMENSIONS


def totals(deliveries: tuple[DeliveryReport, ...]) -> dict[str, Any]:
    """Sums and means of the report over its deliveries, by field of ``RunReport``."""
    counted = [delivery for delivery in deliveries if delivery.outcome in {*LOADED, "judged"}]
    scored = [delivery for delivery in deliveries if delivery.quality_score is not None and delivery.lines]
    lines = sum(delivery.lines for delivery in scored)
    outcomes: dict[str, int] = {}
    for delivery in deliveries:
        outcomes[delivery.outcome] = outcomes.get(delivery.outcome, 0) + 1
    amounts = _sums(delivery.identical_amounts for delivery in counted)
    return {
        "rows_in": sum(delivery.rows_in for delivery in counted),
        "rows_loaded": sum(delivery.rows_loaded for delivery in counted),
        "rows_duplicate": sum(delivery.rows_duplicate for delivery in counted),
        "rows_quarantined": sum(delivery.rows_quarantined for delivery in counted),
        "rows_passed_over": sum(delivery.rows_passed_over for delivery in counted),
        "passed_over_by_reason": _passed_over(counted),
        "rows_refused": sum(delivery.rows_in for delivery in deliveries if delivery.outcome == "refused"),
        "identical_lines": sum(delivery.identical_lines for delivery in counted),
        "identical_amount": {currency: str(amount) for currency, amount in amounts.items() if amount},
        "quality_score": round(
            sum((delivery.quality_score or 0) * delivery.lines for delivery in scored) / lines, 2
        )
        if lines
        else None,
        "dimensions": {
            name: round(sum(delivery.dimensions[name] * delivery.lines for delivery in scored) / lines, 2)
            for name in DIMENSIONS
        }
        if lines
        else {},
        "outcomes": outcomes,
    }


def _passed_over(deliveries: Iterable[DeliveryReport]) -> dict[str, dict[str, Any]]:
    """Rows that are no sales or no lines by reason, the most frequent first, with their amounts by currency."""
    by_reason: dict[str, list[Mapping[str, Any]]] = {}
    for delivery in deliveries:
        for reason, entry in delivery.passed_over.items():
            by_reason.setdefault(reason, []).append(entry)
    sums: dict[str, dict[str, Any]] = {
        reason: {
            "rows": sum(entry["rows"] for entry in entries),
            "amounts": {
                code: str(amount) for code, amount in _sums(entry["amounts"] for entry in entries).items()
            },
        }
        for reason, entries in by_reason.items()
    }
    return dict(sorted(sums.items(), key=lambda item: (-item[1]["rows"], item[0])))


def _sums(amounts: Iterable[Mapping[str, str]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for by_currency in amounts:
        for currency, amount in by_currency.items():
            sums[currency] = sums.get(currency, Decimal(0)) + Decimal(amount)
    return dict(sorted(sums.items()))
