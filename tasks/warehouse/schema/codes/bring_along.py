"""Bring along what a warehouse holds under codes that are normalised otherwise now.

Invoices and products get their new codes, or their lines move to the one that has it already. The lines get the
identities that they would have if they were delivered now, so that they are known when they come again.
"""

from __future__ import annotations

from functools import cache

import asyncpg
import polars as pl

from tasks import progress
from tasks.postgres.copy import copy_frame
from tasks.postgres.queries import compact_sql, sql
from tasks.validate.codes import INVISIBLE, normalise_code
from tasks.warehouse.load.receipts import invoice_types
from tasks.warehouse.merchandise import NOT_MERCHANDISE
from tasks.warehouse.schema.codes.identities import LINES, recode

_PACKAGE = "tasks.warehouse.schema.codes"
_CODES_AT_ONCE = 20_000
_LINES_AT_ONCE = 50_000
# Postgres's regular expression for all codes that may change.
CANDIDATE = (
    "[" + "".join(rf"\U{first:08X}-\U{last:08X}" for first, last in INVISIBLE) + r"]|^[0-9]{1,15}[.,]0+$"
)
_INVOICE_TYPES = {"s": "sale", "c": "cancellation", "a": "adjustment"}
_CODES: dict[str, pl.DataType] = {"key": pl.Int32(), "feed": pl.String(), "code": pl.String()}


async def bring_codes_along(connection: asyncpg.Connection) -> None:
    """Normalise the codes of all invoices and products, and the identities of their lines.

    Reads the dimensions once; writes nothing if no code changes. Lines are read and written in parts, so memory is
    bounded by one part, or by the largest invoice.

    Args:
        connection: Connection with an open transaction under the load lock, at revision ``0015_reading_settings``.
    """
    is_begun = False
    for kind, members in (("invoice", _invoices), ("product", _products)):
        last = 0
        while True:
            rows = await connection.fetch(sql(f"select_{kind}s", _PACKAGE), last, CANDIDATE, _CODES_AT_ONCE)
            if not rows:
                break
            last = rows[-1]["key"]
            renamed = _renamed(pl.DataFrame([tuple(row) for row in rows], _CODES, orient="row"))
            if renamed.height:
                if not is_begun:
                    await connection.execute(_script("create_renamed"))
                    is_begun = True
                await copy_frame(connection, f"pg_temp.renamed_{kind}", members(renamed))
    if is_begun:
        await _recode_lines(connection)


def _renamed(codes: pl.DataFrame) -> pl.DataFrame:
    """Return the members whose code changes. One of which nothing would be left stays as it is."""
    return codes.with_columns(new=normalise_code(codes.get_column("code"))).filter(
        pl.col("new") != pl.col("code")
    )


def _invoices(renamed: pl.DataFrame) -> pl.DataFrame:
    types = invoice_types(renamed.get_column("new")).replace_strict(_INVOICE_TYPES)
    return renamed.select("feed", types.alias("invoice_type"), invoice_key="key", invoice_no="new")


def _products(renamed: pl.DataFrame) -> pl.DataFrame:
    is_merchandise = ~pl.col("new").is_in(list(NOT_MERCHANDISE))
    return renamed.select(product_key="key", stock_code="new", is_merchandise=is_merchandise)


@cache
def _script(*names: str) -> str:
    return ";\n".join(sql(name, _PACKAGE).rstrip() for name in names)


async def _recode_lines(connection: asyncpg.Connection) -> None:
    await connection.execute(
        ";\n".join(
            (
                _script("create_keyed_invoices", "create_keyed_products"),
                "analyze pg_temp.keyed_invoice, pg_temp.keyed_product",
                _script("update_invoices", "update_products"),
                compact_sql("create_recoded_invoices", _PACKAGE).format(lines=_LINES_AT_ONCE),
                "analyze pg_temp.recoded_invoice",
                _script("create_changes"),
            )
        ),
    )
    batches = await connection.fetch("select distinct batch from pg_temp.recoded_invoice order by batch")
    for place, (batch,) in enumerate(batches, 1):
        rows = await connection.fetch(sql("select_lines", _PACKAGE), batch)
        changes = recode(pl.DataFrame([tuple(row) for row in rows], LINES, orient="row"))
        del rows
        for table, frame in (
            ("recoded_fact", changes.facts),
            ("removed_fact", changes.removed_facts),
            ("added_source", changes.sources),
            ("removed_source", changes.removed_sources),
            ("moved_lines", changes.moved),
        ):
            await copy_frame(connection, f"pg_temp.{table}", frame)
        await connection.execute(_script("apply_changes"))
        progress.report("schema.codes", "lines under normalised codes", place, len(batches))
    await connection.execute(_script("finish_members"))
