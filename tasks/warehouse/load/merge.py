"""Merge what a load has staged into the star schema and the ledger: one script, one transaction, one turn."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

import asyncpg

from tasks.postgres.copy import answers
from tasks.postgres.queries import compact_sql
from tasks.postgres.settings import ConnectionSettings
from tasks.warehouse.line_owners import find_outdone_lines, pass_lines_on, recompute_merchandise
from tasks.warehouse.load.details import ARE_DETAILS
from tasks.warehouse.load_lock import lock_script, when_free
from tasks.warehouse.withdraw import remove_script

_PACKAGE = "tasks.warehouse.load"
# Columns of pg_temp.staged_line that only some loads have; those of the second with their types in pg_temp.unpacked_line.
_UNPACKED = ("receipt", "priced_product", "quantity")
_OCCASIONAL = {
    "line_no": "integer",
    **dict.fromkeys(("total_amount", "discount_amount", "tax_amount", "cost_amount"), "numeric(18,4)"),
    "source_line": "text",
    **dict.fromkeys(("attributes", "invoice_attributes"), "jsonb"),
}
# Without the lock.
_UNPACK = (
    "begin",
    "unpack_request.sql",
    "set local enable_nestloop = off",
    "unpack_receipts.sql",
    "unpack_products.sql",
    "set local enable_nestloop = on",
)
_PLAN = ("upsert_feed.sql", "create_load_plan.sql", "ensure_load_plan.sql")
_HELD = (
    "create_held_lines.sql",
    "ensure_replacements.sql",
    "create_withdrawn_lines.sql",
    "delete_excess_quarantine.sql",
)
_NOTHING_HELD = (
    "ensure_nothing_replaced.sql",
    "create temporary table withdrawn_line (delivery_key integer) on commit drop",
)
_OUTDONE = "select invoice_key,line_id from pg_temp.outdone_line"
_REPLACES = "RT006"  # SQLSTATE of ensure_nothing_replaced.sql
_KEYS = (
    # Many receipts are matched with the dimensions by hash joins, few by index: neither needs statistics. What is off must
    # not be what every plan needs, as enable_seqscan is: before Postgres 18 all plans would then look equally dear.
    "select set_config(name, 'off', true) from unnest(case when (select count(*) from pg_temp.receipt) > 1000 "
    "then '{enable_nestloop}'::text[] else '{enable_hashjoin,enable_mergejoin}' end) as name",
    "insert_attempts.sql",
    "upsert_deliveries.sql",
    "insert_products.sql",
    "update_product_descriptions.sql",
    "update_product_merchandise.sql",
    "insert_customers.sql",
    "insert_countries.sql",
    "create_last_invoice.sql",
    "insert_invoices.sql",
    "create_keyed_receipts.sql",
    "update_invoice_types.sql",
    "set local enable_hashjoin = on",
    "create_priced_products.sql",
)
_FACTS = (
    # Temporary tables have no statistics; the lines are many, receipts and priced products few.
    "set local enable_nestloop = off",
    "set local enable_mergejoin = off",
    "insert_facts.sql",
    "create_compared_lines.sql",
    "analyze pg_temp.compared_line",
    # Each of them is looked up by the key, as long as there is one: fact_sale can be large.
    "set local enable_nestloop = on",
    "select set_config('enable_hashjoin', case when to_regclass('retail_dwh.fact_sale_pkey') is null "
    "then 'on' else 'off' end, true)",
    "create_existing_lines.sql",
    "set local enable_hashjoin = on",
    "set local enable_mergejoin = on",
    "analyze pg_temp.existing_line",
    "insert_compared_facts.sql",
    "create_further_sources.sql",
)
_BOOKS = (
    "insert_quality_scores.sql",
    "insert_quarantine.sql",
    "update_attempt_counts.sql",
    "answer_loaded_deliveries.sql",
)
_END = (
    "truncate pg_temp.staged_part, pg_temp.staged_line, pg_temp.staged_quarantine",
    "commit",
)


@cache
def _script(*steps: str) -> str:
    return ";\n".join(
        compact_sql(step.removesuffix(".sql"), _PACKAGE) if step.endswith(".sql") else step for step in steps
    )


def merge_script(
    settings: ConnectionSettings,
    wait_seconds: float,
    *,
    may_replace: bool,
    line_columns: Collection[str],
    takes_columns: bool = False,
    is_unpacked: bool = False,
) -> str:
    """Return the statements that merge the staged load and commit.

    Args:
        settings: Limits of the statements.
        wait_seconds: Longest wait for the load lock.
        may_replace: Whether some of the deliveries may be in the ledger with other content.
        line_columns: Columns of ``pg_temp.staged_line`` that lines have. With details, a delivery may become the owner
            of a known line.
        takes_columns: Whether columns that the feed passes over count from now on.
        is_unpacked: Whether they go on after ``unpack``.
    """
    unpack_first = () if is_unpacked else (_unpack_script(line_columns),)
    before = (*unpack_first, lock_script(settings, wait_seconds))
    find_outdone = find_outdone_lines(some_withdrawn=may_replace)
    plan = ("ensure_feed_settings.sql", *(("take_columns.sql",) if takes_columns else ()), *_PLAN)
    if may_replace:
        steps: tuple[str, ...] = (
            _script(
                *plan, *_HELD, *_KEYS, *_FACTS, "update_owned_facts.sql", "delete_changed_line_sources.sql"
            ),
            find_outdone,
            *_keep_further("further_source", "outdone_line"),
            remove_script(passed_on=_OUTDONE),
            recompute_merchandise("select product_key from pg_temp.compared_line where not is_merchandise"),
        )
    else:
        steps = (_script(*plan, *_NOTHING_HELD, *_KEYS, *_FACTS),)
        if not ARE_DETAILS.isdisjoint(line_columns):
            steps += (
                find_outdone,
                *_keep_further("further_source", "outdone_line"),
                pass_lines_on(_OUTDONE),
            )
        else:
            steps += _keep_further("further_source")
    return ";\n".join((*before, *steps, _script(*_BOOKS, *_END)))


def _unpack_script(line_columns: Collection[str]) -> str:
    packed = {name: name if name in line_columns else "null" for name in _UNPACKED}
    held = {name: kind for name, kind in _OCCASIONAL.items() if name in line_columns}
    lines = compact_sql("create_unpacked_lines", _PACKAGE).format(
        **packed,
        held="".join(f",{name}::{kind} as {name}" for name, kind in held.items()),
        # In one order: the view of the load before may be replaced.
        columns="".join(
            f",{name}" if name in held else f",null::{kind} as {name}" for name, kind in _OCCASIONAL.items()
        ),
    )
    return f"{_script(*_UNPACK)};\n{lines}"


def _keep_further(*tables: str) -> tuple[str, ...]:
    """Return statements that keep the lines of temporary tables as those of further sources."""
    return tuple(
        _script(name).replace(
            "{lines}", " union all ".join(f"select {columns} from pg_temp.{table}" for table in tables)
        )
        for name, columns in (("insert_line_sources.sql", "*"), ("update_further_counts.sql", "delivery_key"))
    )


async def unpack(connection: asyncpg.Connection, line_columns: Collection[str]) -> None:
    """Begin the transaction of ``merge`` with what needs no lock: a turn more, for while another load is merged.

    Args:
        connection: Connection of the staging tables.
        line_columns: Columns of ``pg_temp.staged_line`` that lines have.
    """
    await connection.execute(_unpack_script(line_columns))


async def merge(
    connection: asyncpg.Connection,
    settings: ConnectionSettings,
    *,
    may_replace: bool,
    line_columns: Collection[str],
    takes_columns: bool = False,
) -> list[dict[str, Any]]:
    """Merge the staged load and commit; after an error the staged rows are as before.

    Args:
        connection: Connection of the staging tables, in the transaction of ``unpack`` or in none.
        settings: Limits of the statements.
        may_replace: Whether some of the deliveries may be in the ledger with other content. If some are in spite of
            False, the merge is run again.
        line_columns: Columns of ``pg_temp.staged_line`` that lines have.
        takes_columns: Whether columns that the feed passes over count from now on.

    Returns:
        For each delivery its name, whether it replaces earlier content, rows_loaded, rows_duplicate, lines_withdrawn.

    Raises:
        WarehouseBusy: another session held the load lock for longer than ``load_lock_timeout``.
        asyncpg.PostgresError: with an SQLSTATE of ``tasks.warehouse.load.refusals``, the load must be another.
    """

    async def attempt(wait_seconds: float) -> list[dict[str, Any]]:
        script = merge_script(
            settings,
            wait_seconds,
            may_replace=may_replace,
            line_columns=line_columns,
            takes_columns=takes_columns,
            is_unpacked=connection.is_in_transaction(),
        )
        seconds = wait_seconds + 4 * settings.statement_timeout + 60 if settings.statement_timeout else None
        try:
            with answers(connection) as collected:
                await connection.execute(script, timeout=seconds)
        except asyncpg.PostgresError:
            if not connection.is_closed():
                await connection.execute("rollback")
            raise
        (rows,) = collected
        return list(rows)

    try:
        return await when_free(settings, attempt)
    except asyncpg.PostgresError as error:
        if error.sqlstate != _REPLACES:
            raise
    return await merge(
        connection, settings, may_replace=True, line_columns=line_columns, takes_columns=takes_columns
    )
