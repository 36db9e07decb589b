"""Run what revisions do: SQL scripts of several statements, and functions that read and write rows."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
from alembic import op
from sqlalchemy import Connection
from sqlalchemy.util import await_only


def run_script(path: Path, connection: Connection | None = None) -> None:
    """Run all statements of a script in the open transaction, by default that of the revision.

    Where Alembic writes a script instead of running it, its statements are written.
    """
    if connection is None and op.get_context().as_sql:
        op.get_context().impl.static_output(path.read_text(encoding="utf-8"))
        return
    await_only(_driver_connection(connection or op.get_bind()).execute(path.read_text(encoding="utf-8")))


def run_rows(upgrade_rows: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
    """Call a function with the connection of the revision, in its open transaction."""
    await_only(upgrade_rows(_driver_connection(op.get_bind())))


def _driver_connection(connection: Connection) -> asyncpg.Connection:
    driver_connection = connection.connection.driver_connection
    assert driver_connection is not None  # noqa: S101 - for the type checker: a bound connection has a driver
    return driver_connection
