"""Run SQL scripts of several statements."""

from pathlib import Path

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
    driver_connection = (connection or op.get_bind()).connection.driver_connection
    assert driver_connection is not None  # noqa: S101 - for the type checker: a bound connection has a driver
    await_only(driver_connection.execute(path.read_text(encoding="utf-8")))
