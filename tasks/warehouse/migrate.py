"""Bring the schemas to the newest revision."""

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
# Alembic keeps the migration that runs in globals of its modules: one at a time in a process.
_alone = threading.Lock()


@asynccontextmanager
async def _one_at_a_time() -> AsyncIterator[None]:
    # An asyncio lock would not do: flows of one process may run in event loops of their own.
    while not _alone.acquire(blocking=False):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    try:
        yield
    finally:
        _alone.release()


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    configuration.set_main_option("version_locations", str(_FOLDER / "versions").replace("%", "%%"))
    configuration.set_main_option("path_separator", "newline")
    return configuration


def revisions() -> tuple[str, ...]:
    """The revisions that this release knows, the newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_configuration()).walk_revisions())


async def schema_version(settings: ConnectionSettings) -> str | None:
    """The revision of the database's schemas, or None if they are not there."""
    async with connected(settings) as connection:
        return await version_on(connection)


async def version_on(connection: asyncpg.Connection) -> str | None:
    """The revision of the schemas in the database of a connection, or None if they are not there."""
    there = await connection.fetchval("select to_regclass('retail_ops.schema_version') is not null")
    if not there:
        return None
    version: str | None = await connection.fetchval("select version_num from retail_ops.schema_version")
    return version


async def migrate(settings: ConnectionSettings) -> str:
    """Bring the schemas to the newest revision and return it; see ``upgrade_from``."""
    return await upgrade_from(await schema_version(settings), settings)


async def upgrade_from(present: str | None, settings: ConnectionSettings) -> str:
    """Bring the schemas from the revision ``present`` (None: no schemas) to the newest one and return that.

    There is no DDL if they are there already; if another process upgrades them meanwhile, this waits and
    changes nothing.

    Raises:
        RightsMissing: with the statement an administrator runs.
        WarehouseError: this release does not know the revision.
    """
    configuration = _configuration()
    known = revisions()
    head = known[0]
    if present == head:
        return head
    if present is not None and present not in known:
        raise WarehouseError(
            f"its schema is at revision {present}, which this release does not know (newest here: {head}).",
            "Install the release that wrote it, or a newer one.",
            warehouse=settings.display,
        )
    progress.report("schema.migrate", f"bringing the schema from {present or 'nothing'} to {head}")

    def upgrade(connection: Connection) -> None:
        configuration.attributes.update(
            connection=connection,
            wait_seconds=settings.load_lock_timeout,
            lock_seconds=settings.lock_timeout,
        )
        command.upgrade(configuration, "head")

    async def creator() -> asyncpg.Connection:
        return await connect(settings)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=creator, poolclass=NullPool)
    try:
        async with _one_at_a_time(), engine.begin() as connection:
            await connection.run_sync(upgrade)
    except DBAPIError as error:
        driver_error = error.orig.__cause__ if error.orig else None
        raise _explained(driver_error or error, settings) from error
    except DRIVER_ERRORS as error:
        raise _explained(error, settings) from error
    finally:
        await engine.dispose()
    return head


def _explained(cause: BaseException, settings: ConnectionSettings) -> Exception:
    if not isinstance(cause, asyncpg.InsufficientPrivilegeError):
        return map_driver_error(cause, settings.display)
    said = str(cause.args[0])
    if "create role" in said:
        advice = "An administrator runs once: create role retail_reader nologin; Then run again."
    elif "for database" in said:
        line = f'grant create on database "{settings.database}" to "{settings.user}";'
        advice = f"An administrator runs once: {line} Then run again."
    else:
        advice = "Run as the role that owns the schemas retail_ops and retail_dwh."
    return RightsMissing(
        f"the role {settings.user} may not set up the schema ({said}). {advice}", warehouse=settings.display
    )
