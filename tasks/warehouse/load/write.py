"""Bookkeeping of a load: ledger rows, final counts, quarantine, quality scores and attempts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from tasks.postgres.copy import copy_frame
from tasks.postgres.queries import sql
from tasks.validate import contract
from tasks.warehouse.ledger import READING_SETTINGS, Attempt, Run, record_attempts
from tasks.warehouse.load.plan import DeliveryLoad, LoadPlan
from tasks.workspace.integrity import read_checked


async def write_ledger(plan: LoadPlan, run: Run) -> None:
    """Write the deliveries' ledger rows, which facts reference; ``write_bookkeeping`` sets their final counts."""
    deliveries = list(plan.deliveries.values())
    await plan.connection.execute(
        sql("upsert_deliveries"),
        plan.silver.settings.feed.feed,
        READING_SETTINGS,
        run.run_id,
        contract.VERSION,
        [delivery.key for delivery in deliveries],
        [delivery.quality.name for delivery in deliveries],
        [delivery.quality.content_hash for delivery in deliveries],
        [delivery.quality.rows_in for delivery in deliveries],
        [delivery.quality.rows_quarantined for delivery in deliveries],
        [round(delivery.quality.score(), 2) for delivery in deliveries],
    )


async def write_bookkeeping(plan: LoadPlan, run: Run) -> None:
    """Write final counts, attempts, quarantine and scores; the latter two replace those of earlier content."""
    connection, feed = plan.connection, plan.silver.settings.feed.feed
    deliveries = list(plan.deliveries.values())
    keys = [delivery.key for delivery in deliveries]
    counts = await connection.fetch(
        sql("update_delivery_counts"),
        keys,
        [delivery.owned for delivery in deliveries],
        [delivery.further + delivery.quality.rows_dropped for delivery in deliveries],
    )
    for row in counts:  # withdrawn lines can have passed on to another delivery of this load
        delivery = plan.deliveries[row["name"]]
        delivery.owned = row["rows_loaded"]
        delivery.further = row["rows_duplicate"] - delivery.quality.rows_dropped
    for table in ("quarantine", "quality_score"):
        await connection.execute(
            f"delete from retail_ops.{table} where delivery_key = any($1::integer[])", keys
        )
    await copy_frame(connection, "retail_ops.quality_score", _score_rows(deliveries))
    quarantined = pl.read_parquet(read_checked(plan.silver.quarantine))
    if quarantined.height:
        rows = quarantined.join(plan.keys(), on="delivery", how="inner").with_columns(
            contract_version=pl.lit(contract.VERSION)
        )
        columns = ("delivery_key", "line_no", "rules", "contract_version", "raw")
        await connection.executemany(
            "insert into retail_ops.quarantine (delivery_key, line_no, rules, contract_version, raw) values ($1, $2, $3, $4, $5)",
            rows.select(columns).rows(),
        )
    attempts = [
        Attempt(
            delivery.quality.name,
            "replaced" if delivery.replaces else "loaded",
            content_hash=delivery.quality.content_hash,
            quality_score=round(delivery.quality.score(), 2),
        )
        for delivery in deliveries
    ]
    await record_attempts(connection, run.run_id, feed, attempts)


def _score_rows(deliveries: Sequence[DeliveryLoad]) -> pl.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for delivery in deliveries:
        for name, score in delivery.quality.scores().items():
            counts = delivery.quality.dimensions.get(name)
            rows.append(
                (
                    delivery.key,
                    name,
                    f"{score:.2f}",
                    counts.errors if counts else 0,
                    counts.warnings if counts else 0,
                )
            )
    frame = pl.DataFrame(
        rows, schema=["delivery_key", "dimension", "score", "error_lines", "warning_lines"], orient="row"
    )
    return frame.cast(
        {
            "delivery_key": pl.Int32,
            "score": pl.Decimal(5, 2),
            "error_lines": pl.Int64,
            "warning_lines": pl.Int64,
        }
    )
