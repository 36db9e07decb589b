"""Take lines out again: those a replacement no longer has, or a whole delivery.

A line that other deliveries vouch for passes to the first of them; else it goes, and with it the
dimension members that no line uses any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath

import asyncpg
import polars as pl

from tasks import progress
from tasks.errors import DeliveryMissing, escape_unprintable
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.copy import copy_frame, fetch_frame
from tasks.postgres.queries import sql
from tasks.warehouse.dimensions import delete_unused, recompute_descriptions
from tasks.warehouse.ledger import Attempt, Run, record_attempts
from tasks.warehouse.load_lock import lock_loads
from tasks.warehouse.schema.columns import HELD, WITHDRAWN


@dataclass(frozen=True)
class Withdrawal:
    """What withdrawing a delivery takes out (or would): its lines, those that go, and those that pass on to
    another delivery that brought them too."""

    feed: str
    name: str
    rows_in: int
    lines: int
    lines_deleted: int
    lines_passed_on: int


async def lines_of(connection: asyncpg.Connection, delivery_keys: list[int]) -> pl.DataFrame:
    """The lines that deliveries own or vouch for, columns as in ``HELD``."""
    return await fetch_frame(connection, sql("select_lines_of_deliveries"), delivery_keys, schema=HELD)


async def remove_lines(connection: asyncpg.Connection, withdrawn: pl.DataFrame) -> int:
    """Take the lines in ``gone`` (columns as in ``HELD``) from their deliveries; return the facts deleted.

    The ledger's counts of the deliveries that inherit lines move with them; those of the deliveries that
    lose them are the caller's to set. Runs in the open transaction under the load lock.
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
        await delete_unused(connection, products, *others)
    return int(lines)


async def withdraw(
    settings: ConnectionSettings, feed: str, name: str, run: Run, *, dry_run: bool = True
) -> Withdrawal:
    """Take a delivery out of the warehouse and the ledger; with ``dry_run`` only tell what would go.

    Raises DeliveryMissing, naming deliveries with a similar name, if the ledger does not hold it.
    """
    async with connected(settings) as connection, connection.transaction():
        await lock_loads(connection, settings)
        row = await connection.fetchrow(
            "select delivery_key, content_hash, rows_in from retail_ops.delivery where feed = $1 and name = $2",
            feed,
            name,
        )
        if row is None:
            raise await _not_held(connection, feed, name)
        key = row["delivery_key"]
        withdrawn = await lines_of(connection, [key])
        shared = await connection.fetchval(
            "select count(*) from retail_dwh.fact_sale f where f.delivery_key = $1 and exists (select from "
            "retail_ops.line_source s where s.invoice_key = f.invoice_key and s.line_id = f.line_id)",
            key,
        )
        owned = withdrawn.filter(pl.col("owns")).height
        result = Withdrawal(
            feed, name, row["rows_in"], withdrawn.height, owned - shared, withdrawn.height - owned + shared
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
    """Whether this run has withdrawn the delivery already, in a try whose answer was lost."""
    async with connected(settings) as connection:
        return bool(
            await connection.fetchval(
                "select exists (select from retail_ops.delivery_attempt "
                "where run_id = $1 and name = $2 and outcome = 'withdrawn')",
                run.run_id,
                name,
            )
        )


async def _not_held(connection: asyncpg.Connection, feed: str, name: str) -> DeliveryMissing:
    """The error that names deliveries with that text in their name, or else file names close to it."""
    asked = PurePosixPath(name).name or name
    rows = await connection.fetch(sql("select_similar_deliveries"), feed, asked)
    if not rows:
        every = await connection.fetch("select feed, name from retail_ops.delivery order by name limit 10000")
        by_file = {PurePosixPath(row["name"]).name: row for row in every}
        rows = [by_file[close] for close in get_close_matches(asked, by_file)]
    near = "; ".join(f"{escape_unprintable(row['name'])} (feed {row['feed']})" for row in rows)
    return DeliveryMissing(
        f"feed {feed} holds no delivery of that name. "
        + (
            f"Similar: {near}."
            if near
            else "See the names: retail sql 'select feed, name from retail_ops.delivery'."
        ),
        delivery=name,
    )
