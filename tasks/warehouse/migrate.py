"""Upgrade the database schemas to the newest revision."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
from tasks.errors import RightsMissing, WarehouseError
from tasks.postgres.connect import ConnectionSettings, connect, connected
from tasks.postgres.errors import DRIVER_ERRORS, map_driver_error

_FOLDER = Path(__file__).parent / "schema"
# Alembic keeps the running migration in module globals: one at a time in a process.
_migration_lock = threading.Lock()


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


async def schema_version(settings: ConnectionSettings) -> str | None:
    """Return the revision of the database's schemas, None if there are none."""
    async with connected(settings) as connection:
        return await version_on(connection)


async def version_on(connection: asyncpg.Connection) -> str | None:
    """Return the revision of the schemas in the connection's database, None if there are none."""
    exists = await connection.fetchval("select to_regclass('retail_ops.schema_version') is not null")
    if not exists:
        return None
    rows = await connection.fetch("select version_num from retail_ops.schema_version order by version_num")
    if len(rows) > 1:
        raise WarehouseError(
            f"retail_ops.schema_version has {len(rows)} rows: {', '.join(row['version_num'] for row in rows)}.",
            "Delete all but the row of the revision that the tables have, usually the newest, then run again.",
        )
    return rows[0]["version_num"] if rows else None


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

    def upgrade(connection: Connection) -> None:
        configuration.attributes.update(
            connection=connection,
            wait_seconds=settings.load_lock_timeout,
            lock_seconds=settings.lock_timeout,
        )
        command.upgrade(configuration, "head")

    async def creator() -> asyncpg.Connection:
        connection = await connect(settings)
        encoding = connection.get_settings().server_encoding
        if encoding != "UTF8":
            await connection.close()
            raise WarehouseError(
                f"the database has the encoding {encoding}, which lacks characters that deliveries use.",
                "Create a database with encoding 'UTF8' (create database ... encoding 'UTF8' template template0).",
                warehouse=settings.display,
            )
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


def _map_error(cause: BaseException, settings: ConnectionSettings) -> Exception:
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
