"""Upgrade the database schemas to the newest revision."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tasks import progress
from tasks.errors import RightsMissing, WarehouseBusy, WarehouseError
from tasks.outside_text import displayable
from tasks.postgres.connect import ConnectionSettings, connect, connected
from tasks.postgres.copy import fetch_json
from tasks.postgres.errors import DRIVER_ERRORS, map_driver_error

_FOLDER = Path(__file__).parent / "schema"
# Alembic keeps the running migration in module globals: one at a time in a process.
_migration_lock = threading.Lock()
_SCRIPT_SECONDS = 3600.0  # a revision may build an index
# SQLSTATEs of schema/any_shop/sql: views of others cannot be kept, readers left no moment, a view could not be made again.
_NOT_UPGRADED = {"RT007": WarehouseError, "RT008": WarehouseBusy, "RT009": WarehouseError}


@asynccontextmanager
async def _one_at_a_time() -> AsyncIterator[None]:
    # Not an asyncio lock: flows of one process can run in different event loops.
    while not _migration_lock.acquire(blocking=False):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    try:
        yield
    finally:
        _migration_lock.release()


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    configuration.set_main_option("version_locations", str(_FOLDER / "versions").replace("%", "%%"))
    configuration.set_main_option("path_separator", "newline")
    return configuration


def revisions() -> tuple[str, ...]:
    """Return the revisions that this release knows, newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_configuration()).walk_revisions())


@cache
def head_revision() -> str:
    """Return the newest revision that this release knows."""
    return revisions()[0]


async def schema_version(settings: ConnectionSettings) -> str | None:
    """Return the revision of the database's schemas, None if there are none."""
    async with connected(settings) as connection:
        return await version_on(connection)


async def version_on(connection: asyncpg.Connection) -> str | None:
    """Return the revision of the schemas in the connection's database, None if there are none.

    Not for an open transaction: without schemas, the query fails.
    """
    try:
        (rows,) = await fetch_json(
            connection,
            "select to_json(array(select version_num::text from retail_ops.schema_version order by version_num))",
        )
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        return None
    return version_of(rows)


def version_of(rows: Sequence[str]) -> str | None:
    """Return the revision in the rows of ``retail_ops.schema_version``, None if it has none.

    Raises:
        WarehouseError: there are several.
    """
    if len(rows) > 1:
        raise WarehouseError(
            f"retail_ops.schema_version has {len(rows)} rows: {', '.join(rows)}.",
            "Delete all but the row of the revision that the tables have, usually the newest, then run again.",
        )
    return str(rows[0]) if rows else None


async def migrate(settings: ConnectionSettings) -> str:
    """Upgrade the schemas to the newest revision and return it; see ``upgrade_from``."""
    return await upgrade_from(await schema_version(settings), settings)


async def upgrade_from(present: str | None, settings: ConnectionSettings) -> str:
    """Upgrade the schemas to the newest revision and return it.

    If the schemas are at that revision already, no DDL runs. If another process is upgrading them, this call waits
    and changes nothing.

    Args:
        present: Revision of the schemas, None if there are none.
        settings: The warehouse.

    Raises:
        RightsMissing: the role cannot create the schemas; the message has the statement for an administrator.
        WarehouseError: this release does not know the revision.
    """
    configuration = _configuration()
    known = revisions()
    head = known[0]
    if present == head:
        return head
    if present is not None and present not in known:
        raise WarehouseError(
            f"its schema is at revision {present}, unknown to this release (newest here: {head}).",
            "Install the release that upgraded it, or a newer one.",
            warehouse=settings.display,
        )
    progress.report("schema.migrate", f"upgrading the schema from {present or 'nothing'} to {head}")

    configuration.attributes.update(
        wait_seconds=settings.load_lock_timeout, lock_seconds=settings.lock_timeout, warehouse=settings
    )
    if present is None and await _create(settings, configuration):
        return head

    def upgrade(connection: Connection) -> None:
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")

    async def creator() -> asyncpg.Connection:
        connection = await connect(settings)
        try:
            _ensure_utf8(connection, settings)
        except WarehouseError:
            await connection.close()
            raise
        return connection

    engine = create_async_engine("postgresql+asyncpg://", async_creator=creator, poolclass=NullPool)
    try:
        async with _one_at_a_time(), engine.begin() as connection:
            await connection.run_sync(upgrade)
    except DBAPIError as error:
        driver_error = error.orig.__cause__ if error.orig else None
        raise _map_error(driver_error or error, settings) from error
    except DRIVER_ERRORS as error:
        raise _map_error(error, settings) from error
    finally:
        await engine.dispose()
    return head


async def _create(settings: ConnectionSettings, configuration: Config) -> bool:
    """Create the schemas with one script, in one turn; return False if another process has begun to."""
    configuration.output_buffer = io.StringIO()
    async with _one_at_a_time():
        command.upgrade(configuration, "head", sql=True)
    async with connected(settings) as connection:
        _ensure_utf8(connection, settings)
        try:
            await connection.execute(
                configuration.output_buffer.getvalue(), timeout=settings.load_lock_timeout + 600
            )
        except asyncpg.DuplicateTableError:
            await connection.execute("rollback")
            return False
        except DRIVER_ERRORS as error:
            raise _map_error(error, settings) from error
    return True


def schema_script(present: str | None) -> str:
    """Return the statements that upgrade the schemas to the newest revision, for a tool that runs them as it likes.

    Args:
        present: Revision that the schemas have; None to create them.
    """
    configuration = _configuration()
    configuration.output_buffer = io.StringIO()
    configuration.attributes.update(is_exported=True, exported_from=present)
    with _migration_lock:
        command.upgrade(configuration, f"{present}:head" if present else "head", sql=True)
    return configuration.output_buffer.getvalue().strip() + "\n"


async def create_load_lock(connection: asyncpg.Connection) -> None:
    """Create the table of the load lock, and its schema, where they are not there yet; commit."""
    await connection.execute(f"begin;\n{(_FOLDER / 'lock_schema.sql').read_text(encoding='utf-8')};\ncommit")


async def upgrade_on(connection: asyncpg.Connection, present: str, settings: ConnectionSettings) -> str:
    """Upgrade on a connection that holds the load lock, commit its transaction, and return the newest revision.

    Args:
        connection: Connection with an open transaction under the load lock, which ends with this call.
        present: Revision of the schemas, one that this release knows.
        settings: The warehouse.

    Raises:
        RightsMissing, WarehouseError: as in ``upgrade_from``.
    """
    try:
        for step in await _upgrade_steps(present, settings):
            if isinstance(step, str):
                await connection.execute(step, timeout=_SCRIPT_SECONDS)
            else:
                await step(connection)
        await connection.execute("commit")
    except DRIVER_ERRORS as error:
        raise _map_error(error, settings) from error
    return head_revision()


_Step = Callable[[asyncpg.Connection], Awaitable[None]]


async def _upgrade_steps(present: str, settings: ConnectionSettings) -> list[str | _Step]:
    """Return the scripts for an open transaction; before a revision its ``announce_rows``, after it its ``upgrade_rows``."""
    configuration = _configuration()
    configuration.attributes.update(
        wait_seconds=settings.load_lock_timeout, lock_seconds=settings.lock_timeout, in_transaction=True
    )
    revisions_ahead = ScriptDirectory.from_config(configuration).iterate_revisions("head", present)
    steps: list[str | _Step] = []

    def add_script(present: str, until: str) -> str:
        if until != present:
            configuration.output_buffer = io.StringIO()
            command.upgrade(configuration, f"{present}:{until}", sql=True)
            steps.append(configuration.output_buffer.getvalue())
        return until

    async with _one_at_a_time():
        before = present
        for revision in reversed(list(revisions_ahead)):
            if announce_rows := getattr(revision.module, "announce_rows", None):
                present = add_script(present, before)
                steps.append(partial(announce_rows, settings=settings))
            if upgrade_rows := getattr(revision.module, "upgrade_rows", None):
                present = add_script(present, revision.revision)
                steps.append(upgrade_rows)
            before = revision.revision
        add_script(present, before)
    return steps


def _ensure_utf8(connection: asyncpg.Connection, settings: ConnectionSettings) -> None:
    encoding = connection.get_settings().server_encoding
    if encoding != "UTF8":
        raise WarehouseError(
            f"the database has the encoding {encoding}, which lacks characters that deliveries use.",
            "Create a database with encoding 'UTF8' (create database ... encoding 'UTF8' template template0).",
            warehouse=settings.display,
        )


def _map_error(cause: BaseException, settings: ConnectionSettings) -> Exception:
    if isinstance(cause, asyncpg.PostgresError) and cause.sqlstate in _NOT_UPGRADED:
        return _NOT_UPGRADED[cause.sqlstate](
            f"its schema is not upgraded: {displayable(str(cause.args[0]))}.",
            f"{displayable(cause.hint or '')} Nothing was changed.".strip(),
            warehouse=settings.display,
        )
    if isinstance(cause, asyncpg.DuplicateSchemaError):
        return WarehouseError(
            f"{cause.args[0]}, but it is not one that this package created.",
            "Rename it (alter schema retail_dwh rename to ...), or drop it if it is empty; then run again.",
            warehouse=settings.display,
        )
    if not isinstance(cause, asyncpg.InsufficientPrivilegeError):
        return map_driver_error(cause, settings.display)
    message = str(cause.args[0])
    if "create role" in message:
        next_step = "Have an administrator run once: create role retail_reader nologin; Then run again."
    elif "for database" in message:
        statement = f'grant create on database "{settings.database}" to "{settings.user}";'
        next_step = f"Have an administrator run once: {statement} Then run again."
    else:
        next_step = "Run as the role that owns the schemas retail_ops and retail_dwh."
    return RightsMissing(
        f"the role {settings.user} cannot set up the schema ({message}).",
        next_step,
        warehouse=settings.display,
    )
