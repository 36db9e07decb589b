"""Rows of Supabase's managed schemas: whether a target takes them, found before it is touched."""

from __future__ import annotations

import asyncpg

from tasks.backup.catalogue.identifiers import parts_of
from tasks.backup.catalogue.scope import PLATFORM_TABLES
from tasks.backup.dump.holder import some
from tasks.backup.manifest import Manifest
from tasks.postgres.queries import sql


async def managed_refusals(connection: asyncpg.Connection, manifest: Manifest) -> list[str]:
    """Return what keeps the rows of managed schemas from being restored, a sentence each.

    Args:
        connection: Connection to the target, a Supabase project, as the role that restores.
        manifest: The backup.
    """
    tables = [
        table.name
        for table in manifest.rows
        if parts_of(table.name)[0] in manifest.included and table.name not in PLATFORM_TABLES and table.rows
    ]
    if not tables:
        return []
    rows = await connection.fetch(sql("select_managed_tables", "tasks.backup"), tables)
    missing = [row["name"] for row in rows if not row["exists"]]
    closed = [row["name"] for row in rows if row["exists"] and not row["writable"]]
    readable = [row["name"] for row in rows if row["readable"]]
    filled = [name for name in readable if await connection.fetchval(f"select exists (select from {name})")]
    sentences = []
    if missing:
        sentences.append(
            f"The target has no {some(missing)}: its {' and '.join(manifest.included)} is of another release of Supabase. "
            "Restore into a project of the same release."
        )
    if closed:
        sentences.append(f"This role may not write to {some(closed)}: restore as the role postgres.")
    if filled:
        sentences.append(
            f"{some(filled)} of the target already {'has' if len(filled) == 1 else 'have'} rows, which are never replaced or "
            "mixed with those of the backup: restore into a project without them, or delete them first."
        )
    if not await _may_skip_triggers(connection):
        sentences.append(
            f"This role may not set session_replication_role, without which the triggers of "
            f"{' and '.join(manifest.included)} would change the rows: restore as the role postgres."
        )
    return sentences


async def _may_skip_triggers(connection: asyncpg.Connection) -> bool:
    # Tried, since Supabase's own extension allows what no catalogue shows.
    try:
        await connection.execute("begin; set local session_replication_role = replica; rollback")
    except asyncpg.InsufficientPrivilegeError:
        await connection.execute("rollback")
        return False
    return True
