"""The books of a load: its deliveries' ledger rows, their final counts, quarantine, scores and history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from tasks.validate import contract
from tasks.warehouse.copy import copy_frame
from tasks.warehouse.ledger import READING_SETTINGS, Attempt, Run, record_attempts
from tasks.warehouse.statements import sql
from tasks.warehouse.work import Load, Work


async def write_ledger(this: Load, run: Run) -> None:
    """The deliveries' rows first, since facts refer to them; their counts are set at the end."""
    work = list(this.work.values())
    await this.connection.execute(
        sql("upsert_deliveries"),
        this.silver.judging.feed.feed,
        READING_SETTINGS,
        run.run_id,
        contract.VERSION,
        [one.key for one in work],
        [one.judged.name for one in work],
        [one.judged.content_hash for one in work],
        [one.judged.rows_in for one in work],
        [one.judged.rows_quarantined for one in work],
        [round(one.judged.score(), 2) for one in work],
    )


async def account(this: Load, run: Run) -> None:
    """The final counts, the quarantine, the scores and the history, in place of what was there."""
    connection, feed = this.connection, this.silver.judging.feed.feed
    work = list(this.work.values())
    keys = [one.key for one in work]
    counted = await connection.fetch(
        sql("update_delivery_counts"),
        keys,
        [one.owned for one in work],
        [one.vouched + one.judged.rows_dropped for one in work],
    )
    for row in counted:  # lines that a replacement of this load lost may have passed on within it
        one = this.work[row["name"]]
        one.owned, one.vouched = row["rows_loaded"], row["rows_duplicate"] - one.judged.rows_dropped
    for table in ("quarantine", "quality_score"):
        await connection.execute(
            f"delete from retail_ops.{table} where delivery_key = any($1::integer[])", keys
        )
    await copy_frame(connection, "retail_ops.quality_score", _score_rows(work))
    quarantined = pl.read_parquet(this.silver.quarantine)
    if quarantined.height:
        rows = quarantined.join(this.keys(), on="delivery", how="inner").with_columns(
            contract_version=pl.lit(contract.VERSION)
        )
        columns = ("delivery_key", "line_no", "rules", "contract_version", "raw")
        await connection.executemany(
            "insert into retail_ops.quarantine (delivery_key, line_no, rules, contract_version, raw) values ($1, $2, $3, $4, $5)",
            rows.select(columns).rows(),
        )
    attempts = [
        Attempt(
            one.judged.name,
            "replaced" if one.replaces else "loaded",
            "",
            one.judged.content_hash,
            round(one.judged.score(), 2),
        )
        for one in work
    ]
    await record_attempts(connection, run.run_id, feed, attempts)


def _score_rows(work: Sequence[Work]) -> pl.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for one in work:
        for name, score in one.judged.scores().items():
            counts = one.judged.dimensions.get(name)
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
