"""What speaks against a restore, found before the target is touched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tasks.backup.catalogue.identifiers import parts_of
from tasks.backup.manifest import Manifest
from tasks.backup.restore.entries import PLATFORM_EXTENSIONS, missing_extensions
from tasks.backup.restore.target import Target, schema_names
from tasks.warehouse.migrate import revisions

_TEXT_TYPES = ("text", "character", "citext", "name")
_SHOWN = 5


def refusals(manifest: Manifest, target: Target) -> Iterator[str]:
    """Yield what makes the restore of a whole backup impossible, a sentence each."""
    catalogue = manifest.catalogue
    yield from _newer_features(manifest, target)
    yield from _locale(manifest, target)
    yield from _extensions(catalogue, target)
    yield from _rights(catalogue, target)
    if manifest.included and not target.is_supabase:
        yield (
            f"It holds the rows of Supabase's {' and '.join(manifest.included)}, whose tables exist in a Supabase project "
            "only."
        )
    if manifest.warehouse is not None and manifest.warehouse.revision not in revisions():
        yield (
            f"Its schemas are at revision {manifest.warehouse.revision}, unknown to this release: install the release that "
            "made it, or a newer one."
        )


def locale_remarks(manifest: Manifest, target: Target) -> Iterator[str]:
    """Yield what another locale changes without breaking anything."""
    if _differs(manifest.locale, target.locale) and not _partitioned_by_text(manifest.catalogue):
        yield (
            f"The target sorts text by {_locale_name(target.locale)}, the backup by {_locale_name(manifest.locale)}: "
            "queries may return rows in another order."
        )


def _newer_features(manifest: Manifest, target: Target) -> Iterator[str]:
    if target.major >= 18 or manifest.server_major < 18:
        return
    features = {
        "NOT VALID not-null constraints": [
            name
            for name, constraint in _constraints(manifest)
            if constraint["kind"] == "not null" and not constraint["validated"]
        ],
        "NOT ENFORCED constraints": [
            name for name, constraint in _constraints(manifest) if " NOT ENFORCED" in constraint["definition"]
        ],
        "constraints over periods of time": [
            name
            for name, constraint in _constraints(manifest)
            if constraint["kind"] in {"primary key", "unique", "foreign key"}
            and re.search(r" WITHOUT OVERLAPS|\bPERIOD ", constraint["definition"])
        ],
        "virtual generated columns": [
            f"{name}.{column['name']}"
            for name, relation in manifest.catalogue.get("relations", {}).items()
            for column in relation.get("columns", ())
            if column.get("generated_kind") == "v"
        ],
    }
    for feature, names in features.items():
        if names:
            yield f"Postgres {target.major} has no {feature}: {_some(names)}. Restore into 18 or later."


def _constraints(manifest: Manifest) -> list[tuple[str, Mapping[str, Any]]]:
    return list(manifest.catalogue.get("constraints", {}).items())


def _locale(manifest: Manifest, target: Target) -> Iterator[str]:
    if target.locale["encoding"] != "UTF8":
        yield (
            f"The target has the encoding {target.locale['encoding']}, which lacks characters: create the database with "
            "encoding 'UTF8' template template0."
        )
    partitioned = _partitioned_by_text(manifest.catalogue)
    if partitioned and _differs(manifest.locale, target.locale):
        yield (
            f"The target sorts text by {_locale_name(target.locale)}, the backup by {_locale_name(manifest.locale)}, so "
            f"that rows of {_some(partitioned)} may fit no partition: create the database with the backup's locale."
        )


def _partitioned_by_text(catalogue: Mapping[str, Any]) -> list[str]:
    """Tables with range partitions by a text that sorts by the database's locale."""
    return [
        name
        for name, relation in catalogue.get("relations", {}).items()
        if (relation.get("partition_key") or "").startswith("RANGE")
        and 'COLLATE "C"' not in relation["partition_key"]
        and any(
            column["type"].startswith(_TEXT_TYPES)
            and not column.get("collation")
            and re.search(rf'(?<![\w"]){re.escape(column["name"])}(?![\w"])', relation["partition_key"])
            for column in relation.get("columns", ())
        )
    ]


def _differs(source: Mapping[str, str], target: Mapping[str, str]) -> bool:
    return _order(source) != _order(target)


def _order(locale: Mapping[str, str]) -> tuple[str, ...]:
    """What decides how text sorts: the order of bytes has several names."""
    name = locale["collate" if locale["provider"] == "libc" else "locale"]
    if name in {"C", "POSIX", "C.UTF-8", "C.utf8", "C.UTF8", "PG_UNICODE_FAST"}:
        return ("bytes",)
    return locale["provider"], name, locale["icu_rules"]


def _locale_name(locale: Mapping[str, str]) -> str:
    name = locale["collate" if locale["provider"] == "libc" else "locale"]
    return f"{name} ({locale['provider']})"


def _extensions(catalogue: Mapping[str, Any], target: Target) -> Iterator[str]:
    missing = [name for name in missing_extensions(catalogue, target) if name not in PLATFORM_EXTENSIONS]
    if missing:
        yield f"The target's server does not have the {_plural('extension', missing)} {_some(missing)}: install them there."
    for key, extension in catalogue.get("extensions", {}).items():
        present = target.extensions.get(parts_of(key)[0])
        schema = parts_of(extension["schema"])[0]
        if present is not None and present.schema != schema and parts_of(key)[0] not in PLATFORM_EXTENSIONS:
            yield (
                f"The extension {key} is in the schema {present.schema} of the target, and in {schema} of the backup, whose "
                "objects name it there: move it (alter extension ... set schema), or drop it."
            )


def _rights(catalogue: Mapping[str, Any], target: Target) -> Iterator[str]:
    schemas = schema_names(catalogue)
    new = [name for name in schemas if name not in target.schemas]
    if new and not target.can_create_schemas:
        yield (
            f"The role {target.role} may not create the {_plural('schema', new)} {_some(new)}: grant create on database "
            f'"{target.database}" to "{target.role}";'
        )
    closed = [name for name in schemas if name in target.schemas and not target.schemas[name].can_create]
    if closed:
        yield f"The role {target.role} may not create objects in {_some(closed)}: grant it CREATE there."
    brought = _brought(catalogue)
    foreign = [item.name for item in target.objects if not item.is_owned and item.name in brought]
    if foreign:
        yield f"The role {target.role} may not drop {_some(foreign)}, which belong to other roles: restore as their owner."


def _brought(catalogue: Mapping[str, Any]) -> set[str]:
    sections = ("relations", "sequences", "types")
    return {name for section in sections for name in catalogue.get(section, {})}


def _plural(word: str, items: list[str]) -> str:
    return word if len(items) == 1 else f"{word}s"


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
