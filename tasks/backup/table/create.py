"""Create a table that does not exist any more from the definitions of a backup, in the open transaction."""

from __future__ import annotations

import asyncpg

from tasks import progress
from tasks.backup.catalogue.catalogue import read_catalogue
from tasks.backup.catalogue.identifiers import parts_of, quoted
from tasks.backup.manifest import Manifest
from tasks.backup.restore.grants import Grantors, GrantStatement, combined, grant_statements
from tasks.backup.restore.owners import owner_statements
from tasks.backup.table.archive import TableArchives
from tasks.backup.table.entries import (
    is_after_rows,
    is_sequence_value,
    owned_sequences,
    table_entries,
    tree_of,
)
from tasks.backup.table.plan import TableRestorePlan
from tasks.backup.table.rows import ensure_rows

# The scripts of pg_dump empty it for the session.
_SEARCH_PATH = "set search_path = pg_catalog, pg_temp"


async def create_table(
    connection: asyncpg.Connection, plan: TableRestorePlan, archives: TableArchives
) -> list[str]:
    """Create the table with its rows, keys, policies and privileges; until the commit nobody sees it.

    Returns:
        What is otherwise than in the backup, a sentence each.

    Raises:
        RestoreRefused: its rows are not those of the manifest.
        asyncpg.PostgresError: something that it needs is missing.
    """
    manifest, table = archives.source.manifest, plan.table.name
    contents = await archives.contents(archives.source.main.name)
    entries = table_entries(contents.entries, manifest.catalogue, table, _publications(plan))
    first = [
        entry
        for entry in entries
        if not (is_after_rows(entry) or is_sequence_value(entry) or entry.kind == "TABLE DATA")
    ]
    values = [entry for entry in entries if is_sequence_value(entry)]
    last = [entry for entry in entries if is_after_rows(entry)]
    progress.report("restore.definitions", f"{len(entries)} entries of {table}")
    await _run(connection, await archives.script(first, "pre-data"))
    schema, name = parts_of(table)
    await archives.copy_rows(connection, table, (schema, name))
    await ensure_rows(connection, plan, (schema, name), manifest.fingerprint_rule)
    progress.report("restore.keys")
    if values:
        await _run(connection, await archives.script(values, "data"))
    if last:
        await _run(connection, await archives.script(last, "post-data"))
    return await _hand_over(connection, plan, manifest)


async def _run(connection: asyncpg.Connection, script: str) -> None:
    await connection.execute(f"{script};\n{_SEARCH_PATH}", timeout=None)


def _publications(plan: TableRestorePlan) -> list[str]:
    return [parts_of(name)[0] for name in plan.target.catalogue.get("publications", {})]


async def _hand_over(connection: asyncpg.Connection, plan: TableRestorePlan, manifest: Manifest) -> list[str]:
    """Give the table its owner and exactly the privileges of the backup."""
    target, catalogue = plan.target, manifest.catalogue
    grantors = Grantors(target.role, target.roles, target.assumable, manifest.server_major, target.major)
    tree = tree_of(catalogue, plan.table.name)
    expected = {
        "relations": {name: catalogue["relations"][name] for name in tree},
        "sequences": {name: catalogue["sequences"][name] for name in owned_sequences(catalogue, tree)},
    }
    present = await read_catalogue(connection)
    statements, remarks = owner_statements(expected, present, grantors)
    if statements:
        await connection.execute("savepoint owner")
        try:
            await connection.execute(";\n".join(statements))
        except asyncpg.InsufficientPrivilegeError as error:
            await connection.execute("rollback to savepoint owner")
            remarks.append(f"{plan.live} belongs to {target.role}: {error.args[0]}.")
    # What a new owner got in the schema goes again.
    expected["schemas"] = target.catalogue["schemas"]
    grants = grant_statements(expected, await read_catalogue(connection), grantors)
    for script in combined([*grants.statements, *grants.at_end]):
        await _grant(connection, script)
    return [*remarks, *grants.remarks]


async def _grant(connection: asyncpg.Connection, script: GrantStatement) -> None:
    if script.role:
        await connection.execute(f"set local role {quoted(script.role)};\n{script.sql};\nreset role")
    else:
        await connection.execute(script.sql)
