"""The books of a load: its deliveries' ledger rows, their final counts, quarantine, scores and history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from tasks.postgres.copy import copy_frame
from tasks.postgres.queries import sql
from tasks.validate import contract
from tasks.warehouse.ledger import READING_SETTINGS, Attempt, Run, record_attempts
from tasks.warehouse.load.plan import DeliveryLoad, LoadPlan


async def write_ledger(plan: LoadPlan, run: Run) -> None:
    """The deliveries' rows first, since facts refer to them; their counts are set at the end."""
    work = list(plan.work.values())
    await plan.connection.execute(
        sql("upsert_deliveries"),
        plan.silver.settings.feed.feed,
        READING_SETTINGS,
        run.run_id,
        contract.VERSION,
        [one.key for one in work],
        [one.quality.name for one in work],
        [one.quality.content_hash for one in work],
        [one.quality.rows_in for one in work],
        [one.quality.rows_quarantined for one in work],
        [round(one.quality.score(), 2) for one in work],
    )


async def write_bookkeeping(plan: LoadPlan, run: Run) -> None:
    """The final counts, the quarantine, the scores and the history, in place of what was there."""
    connection, feed = plan.connection, plan.silver.settings.feed.feed
    work = list(plan.work.values())
    keys = [one.key for one in work]
    counted = await connection.fetch(
        sql("update_delivery_counts"),
        keys,
        [one.owned for one in work],
        [one.further + one.quality.rows_dropped for one in work],
    )
    for row in counted:  # lines that a replacement of this load lost may have passed on within it
        one = plan.work[row["name"]]
        one.owned, one.further = row["rows_loaded"], row["rows_duplicate"] - one.quality.rows_dropped
    for table in ("quarantine", "quality_score"):
        await connection.execute(
            f"delete from retail_ops.{table} where delivery_key = any($1::integer[])", keys
        )
    await copy_frame(connection, "retail_ops.quality_score", _score_rows(work))
    quarantined = pl.read_parquet(plan.silver.quarantine)
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
            one.quality.name,
            "replaced" if one.replaces else "loaded",
            content_hash=one.quality.content_hash,
            quality_score=round(one.quality.score(), 2),
        )
        for one in work
    ]
    await record_attempts(connection, run.run_id, feed, attempts)


def _score_rows(work: Sequence[DeliveryLoad]) -> pl.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for one in work:
        for name, score in one.quality.scores().items():
            counts = one.quality.dimensions.get(name)
            rows.append(
                (
                    one.key,
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
