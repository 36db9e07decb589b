"""What a scratch server lacks to hold a backup: nothing that depends on it can be checked there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import asyncpg

from tasks.backup.catalogue.identifiers import parts_of
from tasks.backup.manifest import Manifest, canonical
from tasks.backup.restore.entries import PLATFORM_EXTENSIONS

_PROBES = {
    "libxml": "select '<a/>'::xml",
    "lz4": "create temporary table probe (value text compression lz4)",
    "ICU": "create collation pg_temp.probe (provider = icu, locale = 'und')",
}
_XML = re.compile(r'"(?:type|base)":"xml(?:\[\])*"')


@dataclass(frozen=True)
class Needs:
    """What a server lacks.

    Attributes:
        features: Extensions and features of the build without which something of the backup cannot be checked.
        of_platform: Extensions that every project of Supabase has and that the backup only names. They count only if
            the restore fails without them.
        extensions: Plain names of all extensions that the server does not have.
    """

    features: tuple[str, ...]
    of_platform: tuple[str, ...]
    extensions: tuple[str, ...]


async def find_needs(connection: asyncpg.Connection, manifest: Manifest) -> Needs:
    """Compare a server with what a backup needs.

    Args:
        connection: Connection to the scratch database, without an open transaction.
        manifest: The backup.
    """
    rows = await connection.fetch("select name from pg_available_extensions")
    available = {row["name"] for row in rows}
    extensions = manifest.catalogue.get("extensions", {})
    missing = {parts_of(key)[0]: extension for key, extension in extensions.items()}
    missing = {name: extension for name, extension in missing.items() if name not in available}
    of_platform = {
        name
        for name, extension in missing.items()
        if manifest.excluded_schemas
        and (name in PLATFORM_EXTENSIONS or parts_of(extension["schema"])[0] in manifest.excluded_schemas)
    }
    features = [name for name in _wanted_features(manifest.catalogue) if not await _has(connection, name)]
    own = [f"the extension {name}" for name in sorted(set(missing) - of_platform)]
    platform = [f"the extension {name}" for name in sorted(of_platform)]
    return Needs((*features, *own), tuple(platform), tuple(sorted(missing)))


def without_extensions(manifest: Manifest, names: tuple[str, ...]) -> Manifest:
    """Return a manifest that does not name some extensions, so that the rest of the backup can be restored."""
    extensions = manifest.catalogue.get("extensions", {})
    kept = {key: value for key, value in extensions.items() if parts_of(key)[0] not in names}
    return replace(manifest, catalogue={**manifest.catalogue, "extensions": kept})


def _wanted_features(catalogue: Mapping[str, Any]) -> Iterator[str]:
    relations = catalogue.get("relations", {})
    if _XML.search(canonical([relations, catalogue.get("types", {})]).decode()):
        yield "libxml"
    columns = [column for relation in relations.values() for column in relation.get("columns", ())]
    if any(column.get("compression") == "l" for column in columns):
        yield "lz4"
    collations = catalogue.get("collations", {}).values()
    if any((collation.get("detail") or "").startswith("i ") for collation in collations):
        yield "ICU"


async def _has(connection: asyncpg.Connection, feature: str) -> bool:
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(_PROBES[feature])
    except asyncpg.FeatureNotSupportedError:
        return False
    finally:
        await transaction.rollback()
    return True
