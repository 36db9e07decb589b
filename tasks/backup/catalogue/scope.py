"""What a backup covers: the schemas of a database, or some of its tables.

Supabase's managed schemas belong to the platform. They are left out as ``supabase db dump`` leaves them out; the rows
of ``auth`` and ``storage`` can be asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from tasks.errors import BackupFailed, SettingsError
from tasks.outside_text import displayable
from tasks.postgres.queries import inlined, sql

INCLUDABLE = ("auth", "storage")
# Patterns of LIKE; the list of supabase/cli, pkg/migration/dump.go.
_MANAGED_SCHEMAS = (
    *("\\_analytics", "\\_realtime", "\\_supavisor", "auth", "etl", "extensions", "pgbouncer", "realtime"),
    *("storage", "supabase\\_functions", "supabase\\_migrations"),
    *("cron", "dbdev", "graphql", "graphql\\_public", "net", "pgmq", "pgsodium", "pgsodium\\_masks", "pgtle"),
    *("repack", "tiger", "tiger\\_data", "timescaledb\\_%", "\\_timescaledb\\_%", "topology", "vault"),
)
# Rows of the platform's own migrations and indexes: a new project has its own.
PLATFORM_TABLES = (
    "auth.schema_migrations",
    "storage.buckets_vectors",
    "storage.migrations",
    "storage.vector_indexes",
)


@dataclass(frozen=True)
class Scope:
    """What a backup covers.

    Attributes:
        included: Managed schemas whose rows are backed up too: ``auth``, ``storage``. Their definitions never are.
        tables: Qualified names of the only tables, as ``find_tables`` returns them; empty for all.
    """

    included: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = sorted(set(self.included) - set(INCLUDABLE))
        if unknown:
            raise SettingsError(
                f"The rows of {displayable(', '.join(unknown))} cannot be included in a backup.",
                f"Choose from {', '.join(INCLUDABLE)}.",
                setting="include",
            )


def scoped(statement: str, included: Sequence[str] = ()) -> str:
    """Return a statement in which ``{schemas}`` stands for the query of the schemas in scope (oid, nspname)."""
    schemas = inlined(sql("select_schemas_in_scope", "tasks.backup"), _MANAGED_SCHEMAS, included)
    return statement.replace("{schemas}", f"({schemas})")


async def excluded_schemas(connection: asyncpg.Connection, scope: Scope | None = None) -> tuple[str, ...]:
    """Return the schemas that a backup leaves out, besides those of Postgres; empty unless this is Supabase."""
    statement = sql("select_excluded_schemas", "tasks.backup")
    rows = await connection.fetch(scoped(statement, (scope or Scope()).included))
    return tuple(row["nspname"] for row in rows)


async def find_tables(connection: asyncpg.Connection, names: Sequence[str]) -> tuple[str, ...]:
    """Return the qualified names of tables, quoted where Postgres wants quotes.

    Args:
        connection: Connection to the database.
        names: ``SCHEMA.TABLE`` each, with or without quotes.

    Raises:
        BackupFailed: there is no such table in scope, or the name fits several.
    """
    rows = await connection.fetch(
        scoped(sql("select_tables_named", "tasks.backup"), INCLUDABLE), list(dict.fromkeys(names))
    )
    for row in rows:
        if not row["tables"]:
            raise BackupFailed(
                "there is no such table.",
                "Name an ordinary or partitioned table as SCHEMA.TABLE.",
                table=row["name"],
            )
        if len(row["tables"]) > 1:
            raise BackupFailed(
                f"the name fits {' and '.join(row['tables'])}.", "Quote its parts.", table=row["name"]
            )
    return tuple(row["tables"][0] for row in rows)


async def with_partitions(connection: asyncpg.Connection, tables: Sequence[str]) -> tuple[str, ...]:
    """Return tables with all their partitions, which hold the rows of a partitioned one.

    Args:
        connection: Connection to the database.
        tables: Qualified names, as ``find_tables`` returns them.
    """
    rows = await connection.fetch(sql("select_partitions", "tasks.backup"), list(tables))
    return tuple(row["name"] for row in rows)
