"""A scratch database for the proof of a backup: with its locale and roles, as far as the server has them.

It is in a scratch server of its own, or in a given server, which is left as it was: the database and the roles that were
made for it go at the end. A role says in its comment for which database it was made, and a session of that name shows
that the proof still runs; so the next proof removes what one that was killed left there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg

from tasks import progress
from tasks.backup.catalogue.identifiers import quoted
from tasks.backup.dump.tools import Tools
from tasks.backup.manifest import Manifest
from tasks.backup.proof.scratch_locale import LocaleClause, locale_clauses
from tasks.backup.proof.scratch_server import ScratchServer, find_server_programs, scratch_server
from tasks.errors import RetailError, RightsMissing
from tasks.postgres.connect import ConnectionSettings, connect, driver_errors_mapped, with_database
from tasks.postgres.kept import close
from tasks.postgres.queries import inlined, sql

_PREFIX = "retail_proof_"
# Objects that the target has of its own, or that only a superuser restores: nobody acts as their owners.
_OF_SUPERUSERS = ("access_methods", "event_triggers", "extensions", "foreign_data_wrappers", "languages")
_SERVER = (
    "select current_setting('server_version_num')::integer as version, rolsuper, rolcreatedb, rolcreaterole "
    "from pg_roles where rolname = current_user"
)
_ACTING_AS = "select r.rolname from pg_roles as r where r.rolname = any ($1::text[]) and not pg_has_role(r.oid, 'member')"


@dataclass(frozen=True)
class ScratchDatabase:
    """An empty database to restore into.

    Attributes:
        settings: Connection settings of the role that restores.
        server_version: As ``server_version_num``.
        is_superuser: Whether that role is a superuser.
        lacks: What of the database itself the server does not have, such as ``ICU``.
        server: The scratch server; None for a given one.
    """

    settings: ConnectionSettings
    server_version: int
    is_superuser: bool
    lacks: tuple[str, ...]
    server: ScratchServer | None

    @property
    def major(self) -> int:
        """Major version of the server."""
        return self.server_version // 10_000


@asynccontextmanager
async def scratch_database(
    manifest: Manifest, tools: Sequence[Tools], given: ConnectionSettings | None = None
) -> AsyncIterator[ScratchDatabase]:
    """Make a scratch database for the block.

    Args:
        manifest: The backup: its major version, locale and roles.
        tools: The client programs that are used.
        given: A server to make it in, as a role with CREATEDB; None for a scratch server of its own.

    Raises:
        ToolMissing: there is no server on this machine that fits.
        ScratchServerFailed: it does not start.
        RightsMissing: the role of the given server may not make the database or its roles.
    """
    async with AsyncExitStack() as stack:
        server = None
        if given is None:
            programs = await find_server_programs(tools, manifest.server_major)
            server = await stack.enter_async_context(scratch_server(programs))
        settings = given or (server.settings if server else None)
        assert settings is not None  # noqa: S101 - for the type checker
        name = f"{_PREFIX}{uuid4().hex}"
        connection = await connect(settings)
        try:
            with driver_errors_mapped(settings):
                await connection.execute(inlined("select set_config('application_name', $1, false)", name))
                row = await connection.fetchrow(_SERVER)
                assert row is not None  # noqa: S101 - for the type checker
                if given is not None:
                    await _check_rights(connection, row, manifest, given)
                    await _remove_leftovers(connection)
                lacks = await _create(connection, name, manifest, row)
            yield ScratchDatabase(
                with_database(settings, name), row["version"], row["rolsuper"], tuple(lacks), server
            )
        finally:
            await asyncio.shield(_end(connection, given, name))


async def _create(
    connection: asyncpg.Connection, name: str, manifest: Manifest, server: Mapping[str, Any]
) -> list[str]:
    """Create database and roles; return what of the locale the server does not have."""
    lacks: list[str] = []
    for clause in locale_clauses(manifest.locale, server["version"] // 10_000):
        if await _create_database(connection, name, clause):
            break
        lacks.append(clause.needs)
    present = {row["rolname"] for row in await connection.fetch("select rolname from pg_roles")}
    for role, attributes in _roles(manifest).items():
        if role in present:
            continue
        # A superuser owns event triggers and such.
        is_superuser = attributes.get("superuser") and server["rolsuper"]
        script = f"create role {quoted(role)} nologin{' superuser' if is_superuser else ''}; "
        script += inlined(f"comment on role {quoted(role)} is $1; ", name)
        if not server["rolsuper"]:
            script += f"grant {quoted(role)} to current_user"
        await connection.execute(script)
    owners = _owners(manifest.catalogue) & set(_roles(manifest))
    if owners and not server["rolsuper"]:
        # The owner of a publication must have it.
        await connection.execute(
            f"grant create on database {name} to {', '.join(quoted(role) for role in sorted(owners))}"
        )
    return lacks


async def _create_database(connection: asyncpg.Connection, name: str, clause: LocaleClause) -> bool:
    if not clause.sql:
        return False
    try:
        await connection.execute(f"create database {name} template template0 {clause.sql}")
    except (
        asyncpg.FeatureNotSupportedError,  # built without it
        asyncpg.WrongObjectTypeError,  # the operating system does not have this locale
        asyncpg.InvalidParameterValueError,
    ):
        if not clause.needs:
            raise
        return False
    return True


def _roles(manifest: Manifest) -> Mapping[str, Mapping[str, Any]]:
    """The roles that a backup names, without those of Postgres itself."""
    roles: Mapping[str, Mapping[str, Any]] = manifest.catalogue.get("roles", {})
    return {name: role for name, role in roles.items() if not name.startswith("pg_")}


async def _check_rights(
    connection: asyncpg.Connection, server: Mapping[str, Any], manifest: Manifest, given: ConnectionSettings
) -> None:
    if server["rolsuper"]:
        return
    present = {row["rolname"] for row in await connection.fetch("select rolname from pg_roles")}
    roles = _roles(manifest)
    missing = sorted(set(roles) - present)
    attributes = ["createdb"] if not server["rolcreatedb"] else []
    if missing and not server["rolcreaterole"]:
        attributes.append("createrole")
    if attributes:
        needed = "a scratch database" + (f" and the roles {', '.join(missing)}" if missing else "")
        raise RightsMissing(
            f"the role {given.user} may not make {needed}.",
            f"Run there: alter role {quoted(given.user)} {' '.join(attributes)};",
            warehouse=given.display,
        )
    owners = sorted(_owners(manifest.catalogue) & set(roles))
    refused = [row["rolname"] for row in await connection.fetch(_ACTING_AS, owners)]
    if refused:
        raise RightsMissing(
            f"the role {given.user} may not act as {', '.join(refused)}, whose objects and grants the backup holds.",
            "Name a superuser of a server that is used for nothing else, or grant it these roles.",
            warehouse=given.display,
        )


def _owners(catalogue: Mapping[str, Any]) -> set[str]:
    """The roles that the restore acts as: every owner and grantor but those of objects that only a superuser restores."""
    owners: set[str] = set()
    for section, objects in catalogue.items():
        if section not in _OF_SUPERUSERS:
            owners |= _named(
                [item for item in objects.values() if not (item.get("all_tables") or item.get("schemas"))]
            )
    return owners


def _named(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        own = {value[key] for key in ("owner", "grantor") if isinstance(value.get(key), str)}
        return own.union(*(_named(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(_named(item) for item in value))
    return set()


async def _end(connection: asyncpg.Connection, given: ConnectionSettings | None, name: str) -> None:
    """Leave a given server as it was; a server of our own goes as a whole."""
    if given is None:
        connection.terminate()
        return
    try:
        if connection.is_closed():
            connection = await connect(given)
        with driver_errors_mapped(given):
            await _drop(connection, name)
            await _remove_leftovers(connection)
        await close(connection)
    except RetailError as error:
        progress.report("proof.leftovers", f"the database {name} stays until the next proof: {error}")
        connection.terminate()


async def _remove_leftovers(connection: asyncpg.Connection) -> None:
    """Drop databases of proofs that were killed, and roles of which the database is gone."""
    rows = await connection.fetch(sql("select_proof_leftovers", "tasks.backup"))
    for row in sorted(rows, key=lambda row: row["kind"] == "role"):
        if row["kind"] == "database":
            progress.report("proof.leftovers", f"dropping {row['name']} of a proof that was killed")
            await _drop(connection, row["name"])
    for row in await connection.fetch(sql("select_proof_leftovers", "tasks.backup")):
        if row["kind"] == "role":
            # Another proof may use it now; that one drops it at its end.
            with suppress(asyncpg.DependentObjectsStillExistError, asyncpg.UndefinedObjectError):
                await connection.execute(f"drop role {quoted(row['name'])}")


async def _drop(connection: asyncpg.Connection, database: str) -> None:
    await connection.execute(f"drop database if exists {database} with (force)")
