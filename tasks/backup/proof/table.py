"""What objects of a backup need of others that are not in it, and what therefore cannot be checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import asyncpg

from tasks import progress
from tasks.backup.catalogue.identifiers import parts_of, quoted
from tasks.backup.catalogue.managed_references import ManagedReference
from tasks.backup.manifest import Manifest
from tasks.backup.restore.contents import Entry

_REFERENCED = re.compile(r" REFERENCES (.+?)\(")


@dataclass(frozen=True)
class ForeignNeed:
    """Something of a table that needs an object outside of the backup.

    Attributes:
        section: Section of the catalogue.
        key: Its name there.
        need: The object that it needs.
        what: Its kind and name.
        entries: Its entries in the archive: kind, schema, name.
    """

    section: str
    key: str
    need: str
    what: str
    entries: frozenset[tuple[str, str, str]]


def foreign_needs(manifest: Manifest) -> tuple[ForeignNeed, ...]:
    """Return the foreign keys to tables that the backup does not hold, and the triggers, whose functions it never holds."""
    return (*_foreign_keys(manifest), *_triggers(manifest))


def platform_needs(
    manifest: Manifest, unmet: Sequence[ManagedReference], need: str
) -> tuple[ForeignNeed, ...]:
    """Return the keys, policies and triggers that refer to what a server lacks of Supabase's managed schemas.

    Args:
        manifest: The backup.
        unmet: References that the server does not meet.
        need: What has it.
    """
    kinds = {"constraints": "FK CONSTRAINT", "policies": "POLICY", "triggers": "TRIGGER"}
    found: dict[tuple[str, str], ForeignNeed] = {}
    for reference in unmet:
        item = manifest.catalogue[reference.section][reference.key]
        kind = kinds.get(reference.section)
        if kind is None or item.get("kind", "foreign key") != "foreign key":
            continue
        named = "CONSTRAINT" if reference.section == "constraints" else kind
        what = f"{kind.replace('FK CONSTRAINT', 'foreign key').lower()} {item['name']} of {item['on']}"
        entries = _entries(item, kind, named)
        found[reference.section, reference.key] = ForeignNeed(
            reference.section, reference.key, need, what, entries
        )
    return tuple(found.values())


def without_needs(manifest: Manifest, needs: Sequence[ForeignNeed]) -> Manifest:
    """Return a manifest that does not name what is left out, so that the rest of the backup can be restored."""
    left_out = {(need.section, need.key) for need in needs}
    catalogue = {
        section: {key: item for key, item in items.items() if (section, key) not in left_out}
        if isinstance(items, dict)
        else items
        for section, items in manifest.catalogue.items()
    }
    return replace(manifest, catalogue=catalogue)


def _foreign_keys(manifest: Manifest) -> Iterator[ForeignNeed]:
    relations = manifest.catalogue.get("relations", {})
    for key, item in manifest.catalogue.get("constraints", {}).items():
        definition = item["definition"]
        if item["kind"] != "foreign key" or any(f" REFERENCES {name}(" in definition for name in relations):
            continue
        referenced = _REFERENCED.search(definition)
        need = f"the table {referenced[1]}" if referenced else "a table"
        what = f"foreign key {item['name']} of {item['on']}"
        yield ForeignNeed("constraints", key, need, what, _entries(item, "FK CONSTRAINT", "CONSTRAINT"))


def _triggers(manifest: Manifest) -> Iterator[ForeignNeed]:
    for key, item in manifest.catalogue.get("triggers", {}).items():
        what = f"trigger {item['name']} of {item['on']}"
        yield ForeignNeed("triggers", key, "its function", what, _entries(item, "TRIGGER", "TRIGGER"))


def _entries(item: dict[str, str], kind: str, named: str) -> frozenset[tuple[str, str, str]]:
    schema, table = parts_of(item["on"])
    name = item["name"]
    # The archive's list quotes names in comments, and there only where SQL needs it.
    comments = {
        ("COMMENT", schema, f"{named} {shown} ON {on}")
        for shown in (name, quoted(name))
        for on in (table, quoted(table))
    }
    return frozenset({(kind, schema, f"{table} {name}"), *comments})


def leaving_out(needs: Sequence[ForeignNeed]) -> Callable[[Entry], bool]:
    """Return whether an entry of the archive is restored."""
    left_out = frozenset().union(*(need.entries for need in needs))
    return lambda entry: (entry.kind, entry.schema, entry.name) not in left_out


async def prepare_for_table(connection: asyncpg.Connection, manifest: Manifest) -> None:
    """Make the schemas of the tables, and the extensions that the server has: an archive of tables brings neither."""
    extensions = manifest.catalogue.get("extensions", {})
    schemas = {parts_of(name)[0] for name in manifest.catalogue.get("relations", {})}
    schemas |= {parts_of(extension["schema"])[0] for extension in extensions.values()} - {"pg_catalog"}
    for schema in sorted(schemas):
        await connection.execute(f"create schema if not exists {quoted(schema)}")
    for key, extension in extensions.items():
        try:
            await connection.execute(
                f"create extension if not exists {key} schema {extension['schema']} cascade"
            )
        except asyncpg.PostgresError as error:
            # Only a table that needs it fails, and says so.
            progress.report("proof.extension", f"{key}: {error.args[0]}")
