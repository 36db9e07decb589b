"""How a revision hands its SQL script to the driver."""

from pathlib import Path

from alembic import op
from sqlalchemy.util import await_only


def run_script(path: Path) -> None:
    """Run the many statements of the file at ``path`` in the revision's transaction."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None  # noqa: S101 - for the type checker: a bound connection has a driver
    await_only(connection.execute(path.read_text(encoding="utf-8")))
