"""What a run did not load, for the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tasks.report.run_report import RefusedDelivery, RunReport
from tasks.validate import contract
from tasks.warehouse.ledger import Attempt


def attempts_of(
    report: RunReport,
    refused: Mapping[str, RefusedDelivery],
    earlier: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Attempt, ...]:
    """The attempts of a run for the ledger: the deliveries that it could not load, and those it need not load again.

    Args:
        report: The report.
        refused: By name, what was found out about those that were refused.
        earlier: SHA-256 by name of the loaded deliveries whose last attempt, to load other content, was refused.
    """
    not_loaded = tuple(
        Attempt(
            delivery.name,
            delivery.outcome,
            delivery.reason,
            delivery.refusal,
            delivery.content_hash,
            delivery.quality_score,
            refused[delivery.name].quality if delivery.name in refused else None,
            contract.VERSION if delivery.name in refused else None,
            refused[delivery.name].quarantine if delivery.name in refused else "",
        )
        for delivery in report.deliveries
        if delivery.is_failure or delivery.outcome == "unfinished"
    )
    back = (delivery.name for delivery in report.deliveries if delivery.outcome == "unchanged")
    return not_loaded + tuple(
        Attempt(name, "unchanged", content_hash=earlier[name]) for name in back if name in earlier
    )
