"""Withdraw a delivery, or the lines that a replacement no longer has.

A line with further sources passes on to the first of them. Without one it is deleted, and with it the dimension
members that no line uses any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath

import asyncpg
import polars as pl

from tasks import progress
from tasks.errors import DeliveryMissing
from tasks.outside_text import displayable
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.copy import copy_frame, fetch_frame
from tasks.postgres.queries import sql
from tasks.warehouse.dimensions import delete_unused_members, recompute_descriptions
from tasks.warehouse.ledger import Attempt, Run, record_attempts
from tasks.warehouse.load_lock import lock_loads
from tasks.warehouse.schema.columns import DELIVERY_LINE, WITHDRAWN


@dataclass(frozen=True)
class Withdrawal:
    """Effect of withdrawing a delivery.

    Attributes:
        feed: Name of the feed.
        name: Name of the delivery.
        rows_in: Rows of its file.
        lines: Its lines in the warehouse.
        lines_deleted: Lines without another source.
        lines_passed_on: Lines that stay, owned by another delivery.
    """

    feed: str
    name: str
    rows_in: int
    lines: int
    lines_deleted: int
    lines_passed_on: int


async def lines_of(connection: asyncpg.Connection, delivery_keys: list[int]) -> pl.DataFrame:
    """Fetch the lines that deliveries own or are a further source of, columns as in ``DELIVERY_LINE``."""
    return await fetch_frame(
        connection, sql("select_lines_of_deliveries"), delivery_keys, schema=DELIVERY_LINE
    )


async def remove_lines(connection: asyncpg.Connection, withdrawn: pl.DataFrame) -> int:
    """Remove lines from their deliveries, in the open transaction under the load lock.

    The ledger's counts of deliveries that take over lines are updated; the caller sets those of the deliveries that
    lose them.

    Args:
        connection: Connection with the transaction.
        withdrawn: Lines to remove, columns as in ``DELIVERY_LINE``.

    Returns:
        The number of deleted facts.
    """
    if not withdrawn.height:
        return 0
    await connection.execute(sql("create_withdrawn_lines"))
    await copy_frame(
        connection,
        "pg_temp.withdrawn_line",
        withdrawn.select(WITHDRAWN),
    )
    await connection.execute("analyze pg_temp.withdrawn_line")
    await connection.execute(sql("delete_withdrawn_line_sources"))
    await connection.execute(sql("pass_lines_on"))
    deleted = await connection.fetchrow(sql("delete_withdrawn_facts"))
    await connection.execute("drop table pg_temp.withdrawn_line")
    assert deleted is not None  # noqa: S101 - for the type checker: an aggregate has one row
    lines, products, *others = deleted
    if lines:
        await recompute_descriptions(connection, products)
        await delete_unused_members(connection, products, *others)
    return int(lines)


async def withdraw(
    settings: ConnectionSettings, feed: str, name: str, run: Run, *, dry_run: bool = True
) -> Withdrawal:
    """Remove a delivery from the warehouse and the ledger.

    Args:
        settings: The warehouse.
        feed: Name of the feed.
        name: Name of the delivery.
        run: The run; recorded with ``start_run`` unless ``dry_run``.
        dry_run: Only count the lines.

    Raises:
        DeliveryMissing: the ledger has no such delivery; the message lists similar names.
    """
    async with connected(settings) as connection, connection.transaction():
        await lock_loads(connection, settings)
        row = await connection.fetchrow(
            "select delivery_key, content_hash, rows_in from retail_ops.delivery where feed = $1 and name = $2",
            feed,
            name,
        )
        if row is None:
            raise await _delivery_missing(connection, feed, name)
        key = row["delivery_key"]
        withdrawn = await lines_of(connection, [key])
        passed_on = await connection.fetchval(
            "select count(*) from retail_dwh.fact_sale f where f.delivery_key = $1 and exists (select from "
            "retail_ops.line_source s where s.invoice_key = f.invoice_key and s.line_id = f.line_id)",
            key,
        )
        owned = withdrawn.filter(pl.col("owns")).height
        result = Withdrawal(
            feed,
            name,
            row["rows_in"],
            withdrawn.height,
            owned - passed_on,
            withdrawn.height - owned + passed_on,
        )
        if dry_run:
            return result
        progress.report("withdraw.lines", f"{name}: {withdrawn.height} lines")
        await remove_lines(connection, withdrawn)
        await connection.execute("delete from retail_ops.quarantine where delivery_key = $1", key)
        await connection.execute("delete from retail_ops.quality_score where delivery_key = $1", key)
        await connection.execute("delete from retail_ops.delivery where delivery_key = $1", key)
        attempt = Attempt(name, "withdrawn", content_hash=row["content_hash"])
        await record_attempts(connection, run.run_id, feed, [attempt])
        return result


async def is_withdrawn_by(settings: ConnectionSettings, name: str, run: Run) -> bool:
    """Return whether this run withdrew the delivery in an earlier attempt whose answer was lost."""
    async with connected(settings) as connection:
        return bool(
            await connection.fetchval(
                "select exists (select from retail_ops.delivery_attempt "
                "where run_id = $1 and name = $2 and outcome = 'withdrawn')",
                run.run_id,
                name,
            )
        )


async def _delivery_missing(connection: asyncpg.Connection, feed: str, name: str) -> DeliveryMissing:
    """Build the error, with deliveries whose names contain the file name, or else similar file names."""
    file_name = PurePosixPath(name).name or name
    rows = await connection.fetch(sql("select_similar_deliveries"), feed, file_name)
    if not rows:
        deliveries = await connection.fetch(
            "select feed, name from retail_ops.delivery order by name limit 10000"
        )
        by_file_name = {PurePosixPath(row["name"]).name: row for row in deliveries}
        rows = [by_file_name[match] for match in get_close_matches(file_name, by_file_name)]
    similar = "; ".join(f"{displayable(row['name'])} (feed {row['feed']})" for row in rows)
    return DeliveryMissing(
        f"feed {feed} has no delivery of that name.",
        f"Did you mean {similar}?"
        if similar
        else "List the names: retail sql 'select feed, name from retail_ops.delivery'.",
        delivery=name,
    )
