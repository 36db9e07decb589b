"""Sums and means of a run's deliveries."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tasks.report.run_report import LOADED, DeliveryReport
from tasks.validate.score import DIMENSIONS


def totals(deliveries: tuple[DeliveryReport, ...]) -> dict[str, Any]:
    """Sums and means of the report over its deliveries, by field of ``RunReport``."""
    counted = [delivery for delivery in deliveries if delivery.outcome in {*LOADED, "judged"}]
    scored = [delivery for delivery in deliveries if delivery.quality_score is not None and delivery.rows_in]
    rows = sum(delivery.rows_in for delivery in scored)
    outcomes: dict[str, int] = {}
    for delivery in deliveries:
        outcomes[delivery.outcome] = outcomes.get(delivery.outcome, 0) + 1
    amounts: dict[str, Decimal] = {}
    for delivery in counted:
        for currency, amount in delivery.identical_amounts.items():
            amounts[currency] = amounts.get(currency, Decimal(0)) + Decimal(amount)
    return {
        "rows_in": sum(delivery.rows_in for delivery in counted),
        "rows_loaded": sum(delivery.rows_loaded for delivery in counted),
        "rows_duplicate": sum(delivery.rows_duplicate for delivery in counted),
        "rows_quarantined": sum(delivery.rows_quarantined for delivery in counted),
        "rows_refused": sum(delivery.rows_in for delivery in deliveries if delivery.outcome == "refused"),
        "identical_lines": sum(delivery.identical_lines for delivery in counted),
        "identical_amount": {currency: str(amount) for currency, amount in sorted(amounts.items()) if amount},
        "quality_score": round(
            sum((delivery.quality_score or 0) * delivery.rows_in for delivery in scored) / rows, 2
        )
        if rows
        else None,
        "dimensions": {
            name: round(sum(delivery.dimensions[name] * delivery.rows_in for delivery in scored) / rows, 2)
            for name in DIMENSIONS
        }
        if rows
        else {},
        "outcomes": outcomes,
    }
