"""Withdraw a delivery, or the lines that a replacement no longer has.

A line with further sources passes on to the one with the greatest details, among equals the first. Without one it is
deleted, and with it the dimension members that no line uses any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath
from uuid import UUID

import asyncpg

from tasks import progress
from tasks.errors import DeliveryMissing
from tasks.outside_text import displayable
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.queries import compact_sql
from tasks.warehouse.ledger import Run
from tasks.warehouse.line_owners import pass_lines_on, recompute_merchandise
from tasks.warehouse.load_lock import locked_transaction

_SHORTEN = ("create_deleted_facts", "delete_withdrawn_line_sources")
_WITHDRAWN = "select invoice_key,line_id from pg_temp.withdrawn_line where owns"
_RECOMPUTE = (
    "delete_withdrawn_facts",
    "recompute_product_descriptions",
    "delete_unused_products",
    "delete_unused_customers",
    "delete_unused_countries",
    "delete_unused_invoices",
    "recompute_invoice_types",
)


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
        degraded_reasons: What is missing in the warehouse after the withdrawal, and what adds it.
    """

    feed: str
    name: str
    rows_in: int
    lines: int
    lines_deleted: int
    lines_passed_on: int
    degraded_reasons: tuple[str, ...] = ()


def remove_script(passed_on: str = "") -> str:
    """Return statements that remove the lines in ``pg_temp.withdrawn_line`` from their deliveries.

    For an open transaction under the load lock. They update the ledger's counts of deliveries that take over lines;
    the caller sets those of the deliveries that lose them.

    Args:
        passed_on: Query for invoice_key and line_id of further lines to pass on; empty for none.
    """
    return ";\n".join(
        (
            "analyze pg_temp.withdrawn_line",
            *(compact_sql(name) for name in _SHORTEN),
            pass_lines_on(f"{_WITHDRAWN} union all {passed_on}" if passed_on else _WITHDRAWN),
            *(compact_sql(name) for name in _RECOMPUTE),
            recompute_merchandise("select distinct product_key from pg_temp.deleted_fact"),
        )
    )


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
    async with connected(settings) as connection:
        if dry_run:
            return (await _select(connection, feed, name))[1]
        async with locked_transaction(connection, settings):
            delivery_key, withdrawal = await _select(connection, feed, name)
            progress.report("withdraw.lines", f"{name}: {withdrawal.lines} lines")
            await connection.execute(withdrawal_script([delivery_key], run.run_id))
    return withdrawal


async def _select(connection: asyncpg.Connection, feed: str, name: str) -> tuple[int, Withdrawal]:
    """Return the delivery's key and the effect of withdrawing it."""
    row = await connection.fetchrow(compact_sql("select_withdrawal"), feed, name)
    if row is None:
        raise await _delivery_missing(connection, feed, name)
    withdrawal = Withdrawal(
        feed,
        name,
        row["rows_in"],
        row["owned"] + row["further"],
        row["owned"] - row["passed_on"],
        row["further"] + row["passed_on"],
    )
    return row["delivery_key"], withdrawal


def withdrawal_script(delivery_keys: Sequence[int], run_id: UUID) -> str:
    """Return statements that withdraw deliveries and commit, for an open transaction under the load lock."""
    keys = ", ".join(map(str, delivery_keys))
    values = {"delivery_keys": f"any(array[{keys}])", "run_id": run_id}
    return ";\n".join(
        (
            compact_sql("create_lines_to_withdraw").format(**values),
            remove_script(),
            compact_sql("insert_withdrawal").format(**values),
            compact_sql("delete_withdrawn_quarantine").format(**values),
            f"delete from retail_ops.delivery where delivery_key={values['delivery_keys']}",
            "commit",
        )
    )


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
    rows = await connection.fetch(compact_sql("select_similar_deliveries"), feed, file_name)
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
