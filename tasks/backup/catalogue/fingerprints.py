"""Row counts and order-independent fingerprints of tables, equal before a dump and after its restore.

The fingerprint of a table is the sum over its rows of a hash of the row. A column goes into the hash as it is only if
its type is on a list: the hash of such a type depends on the whole value and on nothing else. Any other column goes in
as the text of its type's output function: Postgres's own hash takes 1.50 for 1.5, -0 for 0 and 'A' of citext for 'a',
and enums by an id that a restore changes. Without the second hash over the row's hash, which is linear in the columns,
an exchange of values between two rows would leave the sum unchanged.

Partitions count as their root: a hash partition on an enum moves rows at a restore. Foreign tables and materialized
views have no rows of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from itertools import groupby
from typing import Any

import asyncpg

from tasks import progress
from tasks.backup.catalogue.scope import PLATFORM_TABLES, Scope, scoped
from tasks.backup.catalogue.sql_text import unquoted
from tasks.backup.manifest import TableRows
from tasks.postgres.copy import fetch_json
from tasks.postgres.queries import sql

RULE = 1  # Raise it with every change of select_row_statements.sql or of the settings that changes a fingerprint.
_LARGE_OBJECTS = "pg_largeobject"
_TABLES_PER_QUERY = 100
_BYTES_PER_QUERY = 32_000_000
# What the output functions depend on; row_security: an error instead of the rows of a policy.
_SETTINGS = """
set local row_security = off; set local jit = off; set local search_path = pg_catalog, pg_temp;
set local timezone = 'UTC'; set local datestyle = 'ISO, MDY'; set local intervalstyle = 'postgres';
set local bytea_output = 'hex'; set local extra_float_digits = 1; set local xmloption = 'content';
set local lc_monetary = 'C'; set local quote_all_identifiers = off;
do $$ begin
    -- Ends the query when this process is gone.
    perform set_config('client_connection_check_interval', '1s', true);
exception when invalid_parameter_value then
    null;  -- not on this platform
end $$
"""


async def count_rows(connection: asyncpg.Connection, scope: Scope | None = None) -> tuple[TableRows, ...]:
    """Count and fingerprint the rows of every ordinary table and partition root, and the large objects.

    Args:
        connection: Inside a transaction on a snapshot; without a transaction, all queries run in one of their own.
            The settings of the transaction are changed.
        scope: What to count, by default the whole database; its ``tables`` may be partitions.

    Returns:
        One entry a table, by name; ``pg_largeobject`` for the large objects, if there are any.

    Raises:
        asyncpg.InsufficientPrivilegeError: a table is not readable, or a policy would hide some of its rows.
    """
    scope = scope or Scope()
    async with _transaction(connection):
        await connection.execute(_SETTINGS)
        statements = [
            statement
            for statement in await fetch_json(
                connection, scoped(sql("select_row_statements", "tasks.backup"), scope.included)
            )
            if _is_counted(statement, scope)
        ]
        total = sum(statement["bytes"] for statement in statements)
        rows, done = [], 0
        for group in _groups(statements):
            query = " union all ".join(f"({statement['query']})" for statement in group)
            rows += await fetch_json(connection, query)
            done += sum(statement["bytes"] for statement in group)
            progress.report("backup.fingerprints", f"{len(rows)} of {len(statements)} tables", done, total)
        if not scope.tables:
            rows += await fetch_json(connection, sql("select_large_object_rows", "tasks.backup"))
    return tuple(TableRows(name, count, fingerprint) for name, count, fingerprint in sorted(rows))


def row_differences(expected: Sequence[TableRows], restored: Sequence[TableRows]) -> list[str]:
    """Return a sentence for each table whose rows are not those of the backup, by name.

    A restored table that the backup does not have counts only if it has rows.
    """
    by_name = {unquoted(table.name): table for table in restored}
    sentences = []
    for table in expected:
        subject = "large objects" if table.name == _LARGE_OBJECTS else f"table {table.name}"
        other = by_name.pop(unquoted(table.name), None)
        if other is None:
            sentences.append(f"{subject}: missing, with {table.rows:,} rows.")
        elif other.rows != table.rows:
            sentences.append(f"{subject}: {other.rows:,} rows instead of {table.rows:,}.")
        elif other.fingerprint != table.fingerprint:
            sentences.append(f"{subject}: other values in its {table.rows:,} rows.")
    return sentences + [
        f"table {table.name}: {table.rows:,} rows, which the backup does not have."
        for table in by_name.values()
        if table.rows
    ]


def _transaction(connection: asyncpg.Connection) -> AbstractAsyncContextManager[Any]:
    if connection.is_in_transaction():
        return nullcontext()
    transaction: AbstractAsyncContextManager[Any] = connection.transaction(
        isolation="repeatable_read", readonly=True
    )
    return transaction


def _is_counted(statement: dict[str, Any], scope: Scope) -> bool:
    if scope.tables:
        return statement["name"] in scope.tables
    is_platforms = statement["schema"] in scope.included and statement["name"] in PLATFORM_TABLES
    return not (statement["is_partition"] or is_platforms)


def _groups(statements: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Put small tables together, so that 300 of them take a few turns, and a big one alone."""
    group, size, starts = 0, 0, []
    for position, statement in enumerate(statements):
        size += statement["bytes"]
        if size > _BYTES_PER_QUERY or position % _TABLES_PER_QUERY == 0:
            group, size = group + 1, statement["bytes"]
        starts.append(group)
    for _, members in groupby(zip(starts, statements, strict=True), key=lambda member: member[0]):
        yield [statement for _, statement in members]
