"""The database that a restore writes into, as far as a plan depends on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from tasks.backup.catalogue.catalogue import read_catalogue
from tasks.backup.catalogue.database import read_database
from tasks.backup.catalogue.identifiers import parts_of
from tasks.postgres.copy import fetch_json
from tasks.postgres.queries import inlined, sql
from tasks.warehouse.migrate import version_on


@dataclass(frozen=True)
class TargetObject:
    """An object in a schema that the backup brings: its kind and quoted name as in DROP, and whether we may drop it."""

    kind: str
    name: str
    is_owned: bool


@dataclass(frozen=True)
class TargetSchema:
    """A schema: whether the role owns it, and whether it may create objects in it."""

    is_owned: bool
    can_create: bool


@dataclass(frozen=True)
class TargetExtension:
    """An extension that is installed: its schema, and whether the role owns it."""

    schema: str
    is_owned: bool


@dataclass(frozen=True)
class Target:
    """Facts on the target of a restore; names are plain, those of objects quoted.

    Attributes:
        database: Name of the database.
        role: The role that restores.
        is_superuser: Whether it is one.
        major: Major version of the server.
        can_create_schemas: Whether the role may create schemas.
        is_supabase: Whether it is a project of Supabase.
        has_load_lock: Whether it has the load lock's table, so that it is or was a warehouse.
        has_backup_lock: Likewise of the table that backups lock.
        revision: Revision of the warehouse's schemas, None without them.
        locale: As in the manifest.
        schemas: All schemas.
        extensions: The installed extensions.
        available_extensions: Those that can be installed.
        publications: The publications, and whether the role owns them.
        event_triggers: Names of the event triggers.
        roles: All roles.
        assumable: Roles that the role may act as.
        objects: What the backup's schemas hold here, without what extensions brought.
        dependents: Objects outside of them that depend on those.
        large_objects: Ids of large objects that the role owns.
    """

    database: str
    role: str
    is_superuser: bool
    major: int
    can_create_schemas: bool
    is_supabase: bool
    has_load_lock: bool
    has_backup_lock: bool
    revision: str | None
    locale: Mapping[str, str]
    schemas: Mapping[str, TargetSchema]
    extensions: Mapping[str, TargetExtension]
    available_extensions: frozenset[str]
    publications: Mapping[str, bool]
    event_triggers: frozenset[str]
    roles: frozenset[str]
    assumable: frozenset[str]
    objects: tuple[TargetObject, ...]
    dependents: tuple[str, ...]
    large_objects: tuple[int, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is there that a restore would drop."""
        return not self.objects and not self.large_objects


async def read_target(connection: asyncpg.Connection, catalogue: Mapping[str, Any]) -> Target:
    """Read the target of a restore.

    Args:
        connection: Connection to the target without an open transaction, as the role that restores.
        catalogue: The catalogue of the backup.
    """
    schemas = schema_names(catalogue)
    (row,) = await fetch_json(connection, _with_names("select_restore_target", schemas))
    dependents = (
        await fetch_json(connection, _with_names("select_dependents", schemas)) if row["objects"] else []
    )
    facts = await read_database(connection, await read_catalogue(connection))
    return Target(
        **{
            **row,
            "revision": await version_on(connection) if row["has_load_lock"] else None,
            "locale": facts.locale,
            "schemas": {name: TargetSchema(**schema) for name, schema in row["schemas"].items()},
            "extensions": {name: TargetExtension(**item) for name, item in row["extensions"].items()},
            "available_extensions": frozenset(row["available_extensions"] or ()),
            "event_triggers": frozenset(row["event_triggers"]),
            "roles": frozenset(row["roles"]),
            "assumable": frozenset(row["assumable"]),
            "objects": tuple(TargetObject(**item) for item in row["objects"]),
            "dependents": tuple(dependents),
            "large_objects": tuple(row["large_objects"]),
        }
    )


def schema_names(catalogue: Mapping[str, Any]) -> list[str]:
    """Return the plain names of the schemas that a backup brings."""
    return [parts_of(name)[0] for name in catalogue.get("schemas", {})]


def role_names(catalogue: Mapping[str, Any]) -> set[str]:
    """Return the roles that own something in a backup, grant something, or are granted something."""
    return set(catalogue.get("roles", {}))


def _with_names(statement: str, *names: list[str]) -> str:
    # Names of others travel as literals in a query by COPY, which takes no parameters.
    return inlined(sql(statement, "tasks.backup"), *names)
