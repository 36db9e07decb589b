"""The deliveries of a report as a frame, for a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from tasks.validate.score import DIMENSIONS

if TYPE_CHECKING:
    from tasks.report.run_report import DeliveryReport

_AMOUNTS = pl.List(pl.Struct({"currency": pl.String(), "amount": pl.Decimal(38, 4)}))
SCHEMA: dict[str, pl.DataType] = {
    "name": pl.String(),
    "outcome": pl.String(),
    "reason": pl.String(),
    "refusal": pl.String(),
    "content_hash": pl.String(),
    "rows_in": pl.Int64(),
    "rows_loaded": pl.Int64(),
    "rows_duplicate": pl.Int64(),
    "rows_quarantined": pl.Int64(),
    "rows_passed_over": pl.Int64(),
    "lines_withdrawn": pl.Int64(),
    "identical_lines": pl.Int64(),
    "identical_amount": pl.Decimal(38, 4),
    "quality_score": pl.Float64(),
    **dict.fromkeys(DIMENSIONS, pl.Float64()),
    "rules": pl.List(pl.Struct({"rule": pl.String(), "lines": pl.Int64()})),
    "ignored_columns": pl.List(pl.String()),
    "encodings": pl.List(pl.String()),
    "samples": pl.List(pl.Struct({"line": pl.Int64(), "rule": pl.String(), "value": pl.String()})),
    "notes": pl.List(pl.String()),
    "identical_amounts": _AMOUNTS,
    "passed_over": pl.List(pl.Struct({"reason": pl.String(), "rows": pl.Int64(), "amounts": _AMOUNTS})),
}


def deliveries_frame(deliveries: Iterable[DeliveryReport]) -> pl.DataFrame:
    """Build a frame with a row per delivery and the columns of ``SCHEMA``, also for no delivery."""
    return pl.DataFrame([_row(delivery) for delivery in deliveries], schema=SCHEMA, orient="row")


def _row(delivery: DeliveryReport) -> dict[str, object]:
    row: dict[str, object] = {
        name: getattr(delivery, name)
        for name in SCHEMA
        if name not in {*DIMENSIONS, "rules", "samples", "identical_amounts", "passed_over"}
    }
    row["identical_amount"] = Decimal(delivery.identical_amount)
    row["identical_amounts"] = _amounts(delivery.identical_amounts)
    row["passed_over"] = [
        {"reason": reason, "rows": entry["rows"], "amounts": _amounts(entry["amounts"])}
        for reason, entry in delivery.passed_over.items()
    ]
    row["samples"] = [asdict(sample) for sample in delivery.samples]
    row["rules"] = [{"rule": rule, "lines": lines} for rule, lines in delivery.rules.items()]
    return row | {name: delivery.dimensions.get(name) for name in DIMENSIONS}


def _amounts(amounts: Mapping[str, str]) -> list[dict[str, object]]:
    return [{"currency": currency, "amount": Decimal(amount)} for currency, amount in amounts.items()]
