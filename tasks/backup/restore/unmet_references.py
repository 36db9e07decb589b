"""What of Supabase's managed schemas a backup needs and a target lacks, found before the target is touched."""

from __future__ import annotations

import re
from collections.abc import Iterator

import asyncpg

from tasks.backup.catalogue.identifiers import parts_of
from tasks.backup.catalogue.managed_references import ManagedReference, managed_references
from tasks.backup.dump.holder import some
from tasks.backup.manifest import Manifest
from tasks.postgres.queries import sql

_KEY = re.compile(r"FOREIGN KEY \((.+?)\) REFERENCES ([^(]+)\(")


async def find_unmet(connection: asyncpg.Connection, manifest: Manifest) -> tuple[ManagedReference, ...]:
    """Return the references of a backup to tables and functions of managed schemas that a database does not have."""
    references = managed_references(manifest.catalogue, (*manifest.excluded_schemas, *manifest.included))
    tables = sorted({reference.name for reference in references if reference.kind == "table"})
    functions = sorted({reference.name for reference in references if reference.kind == "function"})
    rows = await connection.fetch(sql("select_managed_tables", "tasks.backup"), tables)
    missing = {("table", row["name"]) for row in rows if not row["exists"]}
    there = (
        await connection.fetch(
            sql("select_functions_named", "tasks.backup"), *zip(*map(parts_of, functions), strict=True)
        )
        if functions
        else []
    )
    known = {(row["schema"], row["name"]) for row in there}
    missing |= {("function", name) for name in functions if parts_of(name) not in known}
    return tuple(reference for reference in references if (reference.kind, reference.name) in missing)


async def unmet_references(connection: asyncpg.Connection, manifest: Manifest) -> list[str]:
    """Return a sentence for each table and function of a managed schema that the backup needs and the target lacks.

    Also for each table whose rows refer to managed rows that neither the backup nor the target has.

    Args:
        connection: Connection to the target.
        manifest: The backup.
    """
    unmet = await find_unmet(connection, manifest)
    names = dict.fromkeys((reference.kind, reference.name) for reference in unmet)
    sentences = []
    for kind, name in names:
        needing = [
            _shown(reference, manifest)
            for reference in unmet
            if (reference.kind, reference.name) == (kind, name)
        ]
        called = "which only a Supabase project has: restore into one, or make"
        sentences.append(f"{some(needing)}: refers to {name}, {called} that {kind} first.")
    return sentences + await _rows_without_users(connection, manifest, {name for _, name in names})


async def _rows_without_users(
    connection: asyncpg.Connection, manifest: Manifest, missing: set[str]
) -> list[str]:
    rows = {table.name: table.rows for table in manifest.rows}
    referring: dict[str, list[str]] = {}
    for table, referenced in _required_keys(manifest):
        if rows.get(table) and referenced not in missing:
            referring.setdefault(referenced, []).append(table)
    if not referring:
        return []
    found = await connection.fetch(sql("select_managed_tables", "tasks.backup"), sorted(referring))
    readable = [row["name"] for row in found if row["readable"]]
    empty = [
        name for name in readable if not await connection.fetchval(f"select exists (select from {name})")
    ]
    return [
        f"The rows of {some(referring[name])} refer to rows of {name}, of which the target has none and the backup holds "
        f"none: restore a backup made with --include {parts_of(name)[0]}, or bring those rows into the target first."
        for name in empty
    ]


def _required_keys(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Tables with a foreign key to a managed table, of columns that are never null; and what it refers to."""
    managed = {*manifest.excluded_schemas} - {*manifest.included}
    relations = manifest.catalogue.get("relations", {})
    for constraint in manifest.catalogue.get("constraints", {}).values():
        match = _KEY.search(constraint["definition"]) if constraint["kind"] == "foreign key" else None
        if match is None or parts_of(match[2])[0] not in managed:
            continue
        required = {
            column["name"]
            for column in relations.get(constraint["on"], {}).get("columns", ())
            if column["not_null"]
        }
        if all(parts_of(column)[0] in required for column in match[1].split(", ")):
            yield constraint["on"], match[2]


def _shown(reference: ManagedReference, manifest: Manifest) -> str:
    item = manifest.catalogue[reference.section][reference.key]
    kind = item.get("kind") or reference.section.removesuffix("s").replace("policie", "policy")
    return (
        f"{kind} {item['name']} of {item['on']}"
        if "on" in item and "name" in item
        else f"{kind} {reference.key}"
    )
