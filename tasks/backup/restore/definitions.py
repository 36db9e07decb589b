"""The first transaction of a restore: drop, create, hand over and grant; and the grants that follow the rows."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import asyncpg

from tasks import progress
from tasks.backup.catalogue.catalogue import Catalogue, read_catalogue
from tasks.backup.catalogue.identifiers import parts_of, quoted
from tasks.backup.manifest import Manifest
from tasks.backup.restore.default_privileges import default_privilege_statements
from tasks.backup.restore.grants import Grantors, GrantStatement, combined, grant_statements
from tasks.backup.restore.large_objects import large_object_owner_statements
from tasks.backup.restore.lock import NO_BACKUPS, RestoreLock
from tasks.backup.restore.owners import owner_statements
from tasks.backup.restore.plan import RestorePlan, drop_script
from tasks.backup.restore.target import schema_names
from tasks.errors import RestoreFailed, WarehouseBusy
from tasks.postgres.connect import ConnectionSettings, connect
from tasks.postgres.errors import DRIVER_ERRORS, map_driver_error
from tasks.postgres.kept import close
from tasks.postgres.queries import sql

if TYPE_CHECKING:
    from tasks.backup.restore.restore import RestoreRequest

_ATTEMPT_SECONDS = 2.0
_PAUSE_SECONDS = 1.0
_SCRIPT_SECONDS = 3600.0
_BUSY = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
_HEADER = re.compile(r"^-- (?:Data for )?Name: (.*); Type: (.*); Schema: (.*); Owner: .*$", re.MULTILINE)
# pg_dump writes a function's attributes in one line, ahead of its body.
_LEAKPROOF = re.compile(
    r"(^-- Name: .*; Type: FUNCTION; Schema: .*\n--\n\nCREATE FUNCTION (?:(?!^    LANGUAGE ).*\n)+^    LANGUAGE .*) LEAKPROOF"
    r"(?= |$)",
    re.MULTILINE,
)
_OUR_NAMES = "set local search_path = pg_catalog, pg_temp"


async def restore_definitions(
    script: str,
    manifest: Manifest,
    plan: RestorePlan,
    settings: ConnectionSettings,
    request: RestoreRequest,
    lock: RestoreLock | None,
) -> list[str]:
    """Make room, create the objects, and give them their owners and privileges, all in one transaction.

    Args:
        script: The definitions, as SQL.
        manifest: The backup.
        plan: What is dropped.
        settings: The target.
        request: How.
        lock: What keeps backups out from the moment that the objects are there; None if there is nothing to keep them out
            with.

    Returns:
        What is otherwise than in the backup, a sentence each.

    Raises:
        WarehouseBusy: other sessions held locks on what is dropped, in every attempt.
        RestoreFailed: the server refused a statement.
    """
    deadline = time.monotonic() + request.lock_seconds
    while True:
        connection = await connect(settings)
        try:
            return await _attempt(connection, script, manifest, plan, request, lock)
        except _BUSY as error:
            if time.monotonic() + _PAUSE_SECONDS > deadline:
                raise WarehouseBusy(
                    f"other sessions held locks on what is dropped, for {request.lock_seconds:g} s ({error.args[0]}).",
                    "Wait for them (pg_stat_activity) and restore again: the target was not touched.",
                    warehouse=settings.display,
                ) from None
            progress.report("restore.waiting", "other sessions read what is dropped")
        except asyncpg.PostgresError as error:
            raise RestoreFailed(_describe(error, script), backup=plan.backup) from None
        except DRIVER_ERRORS as error:
            raise map_driver_error(error, settings.display) from error
        finally:
            # The script changed the session's settings: nobody may use it again.
            await close(connection) if not connection.is_in_transaction() else connection.terminate()
        await asyncio.sleep(_PAUSE_SECONDS)


async def _attempt(
    connection: asyncpg.Connection,
    script: str,
    manifest: Manifest,
    plan: RestorePlan,
    request: RestoreRequest,
    lock: RestoreLock | None,
) -> list[str]:
    catalogue, grantors = manifest.catalogue, await _grantors(connection, manifest, plan, request)
    await connection.execute(
        f"begin; set local lock_timeout = '{_ATTEMPT_SECONDS}s'; set local statement_timeout = 0"
    )
    if plan.drops_backup_lock or lock is not None:  # a running backup reads what is dropped
        await connection.execute(NO_BACKUPS)
    for statements in (
        drop_script(plan, catalogue),
        _extension_schemas(plan, manifest),
        script,
        _OUR_NAMES,
    ):
        await _run(connection, statements)
    remarks = await _hand_over(connection, manifest, grantors)
    present = await read_catalogue(connection)
    grants = grant_statements(catalogue, present, grantors)
    defaults, default_remarks = default_privilege_statements(catalogue, present, grantors)
    await _execute(connection, [*defaults, *grants.statements])
    if lock is None:
        await connection.execute("commit")
    else:
        await lock.take_over_from(connection)
    return [*remarks, *grants.remarks, *default_remarks]


async def grant_at_end(connection: asyncpg.Connection, manifest: Manifest, plan: RestorePlan) -> list[str]:
    """Hand over what follows the rows, and make the grants that had to wait for them.

    Args:
        connection: Connection with an open transaction: the one that holds the locks, since the catalogue's texts need
            locks on all tables themselves.
        manifest: The backup.
        plan: What was restored.

    Returns:
        What is otherwise than in the backup, a sentence each.
    """
    try:
        grantors = await _grantors(connection, manifest, plan, None)
        remarks = await _hand_over(connection, manifest, grantors)
        large_objects, large_object_remarks = large_object_owner_statements(manifest.catalogue, grantors)
        remarks += [*await _run_or_remark(connection, large_objects), *large_object_remarks]
        grants = grant_statements(manifest.catalogue, await read_catalogue(connection), grantors)
        await _execute(connection, [*grants.statements, *grants.at_end])
    except asyncpg.PostgresError as error:
        raise RestoreFailed(f"{error.args[0]}.", backup=plan.backup) from None
    return remarks


async def _grantors(
    connection: asyncpg.Connection, manifest: Manifest, plan: RestorePlan, request: RestoreRequest | None
) -> Grantors:
    target = plan.target_facts
    made: Sequence[str] = plan.missing_roles if request is not None and request.make_roles else ()
    for name in made:
        await connection.execute(f"create role {quoted(name)} nologin")
        if not target.is_superuser:
            await connection.execute(f"grant {quoted(name)} to current_user")
    rows = await connection.fetch(sql("select_roles", "tasks.backup"))
    return Grantors(
        target.role,
        frozenset(row["rolname"] for row in rows),
        frozenset(row["rolname"] for row in rows if row["assumable"]),
        manifest.server_major,
        target.major,
    )


async def _hand_over(connection: asyncpg.Connection, manifest: Manifest, grantors: Grantors) -> list[str]:
    present: Catalogue = await read_catalogue(connection)
    statements, remarks = owner_statements(manifest.catalogue, present, grantors)
    return [*remarks, *await _run_or_remark(connection, statements)]


async def _run_or_remark(connection: asyncpg.Connection, statements: Sequence[str]) -> list[str]:
    """Run statements; return a sentence for each that the role may not run."""
    if await _try(connection, ";\n".join(statements)) is None:
        return []
    remarks = []
    for statement in statements:  # one of them: which?
        message = await _try(connection, statement)
        if message is not None:
            remarks.append(f"{statement}: {message}.")
    return remarks


async def _try(connection: asyncpg.Connection, statements: str) -> str | None:
    """Run statements, all or none; return the server's message if the role may not."""
    await connection.execute("savepoint statements")
    try:
        await _run(connection, statements)
    except asyncpg.InsufficientPrivilegeError as error:
        await connection.execute("rollback to savepoint statements; reset role")
        return str(error.args[0])
    return None


async def _run(connection: asyncpg.Connection, statements: str) -> None:
    if statements:  # the driver fails on none
        await connection.execute(statements, timeout=_SCRIPT_SECONDS)


async def _execute(connection: asyncpg.Connection, statements: Sequence[GrantStatement]) -> None:
    for script in combined(statements):
        if script.role:
            await connection.execute(f"set local role {quoted(script.role)};\n{script.sql};\nreset role")
        else:
            await connection.execute(script.sql)


def without_leakproof(script: str) -> str:
    """Return the definitions with functions that are not LEAKPROOF, which only a superuser may make them."""
    return _LEAKPROOF.sub(r"\1", script)


def _extension_schemas(plan: RestorePlan, manifest: Manifest) -> str:
    """Schemas of extensions that the backup leaves out as managed, on a target that is none of Supabase's."""
    taken = {entry.name for entry in plan.entries.taken if entry.kind == "EXTENSION"}
    schemas = {
        parts_of(extension["schema"])[0]
        for name, extension in manifest.catalogue.get("extensions", {}).items()
        if parts_of(name)[0] in taken
    }
    new = schemas - set(plan.target_facts.schemas) - set(schema_names(manifest.catalogue)) - {"pg_catalog"}
    return ";\n".join(f"CREATE SCHEMA {quoted(name)}" for name in sorted(new))


def _describe(error: asyncpg.PostgresError, script: str) -> str:
    """The server's message, and the entry of the archive where the server tells the place."""
    position = getattr(error, "position", None)
    entries = list(_HEADER.finditer(script, 0, int(position))) if position else []
    message = f"{error.args[0]}."
    if not entries:
        return message
    name, kind, schema = entries[-1].groups()
    qualified = name if schema == "-" else f"{schema}.{name}"
    return f"{kind.lower()} {qualified}: {message}"
