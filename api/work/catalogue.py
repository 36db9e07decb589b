"""Names of tables, checked against the catalogue of the warehouse; they never become part of a statement."""

from __future__ import annotations

import difflib

from api.problems import Problem
from tasks.backup.catalogue.scope import scoped
from tasks.outside_text import displayable
from tasks.postgres.pool import QueryPool
from tasks.postgres.queries import sql

_SCHEMA = "retail_dwh"


async def find_table(pool: QueryPool, name: str) -> str:
    """Return a table that a backup can hold, as SCHEMA.TABLE, quoted where Postgres wants quotes.

    Args:
        pool: The warehouse.
        name: The table, with or without quotes; without a schema one of ``retail_dwh``.

    Raises:
        Problem: 404 with the names that are near it.
    """
    rows = await pool.fetch(scoped(sql("select_tables_to_back_up", "api")))
    names = {row["quoted"]: f"{row['schema_name']}.{row['table_name']}" for row in rows}
    for wanted in (name, f"{_SCHEMA}.{name}"):
        for quoted, plain in names.items():
            if wanted in {quoted, plain}:
                return str(quoted)
    known = [quoted.removeprefix(f"{_SCHEMA}.") for quoted in names]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    raise Problem(
        404,
        f"There is no table {displayable(name)}.",
        f"Did you mean {' or '.join(near)}?"
        if near
        else "Name an ordinary or partitioned table as SCHEMA.TABLE.",
        near_names=near,
    )
