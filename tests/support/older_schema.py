"""A warehouse as an older release made it."""

from __future__ import annotations

import io

from alembic import command

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse import migrate as migration


async def create_schema_at(database: ConnectionSettings, revision: str) -> None:
    """Create the schemas at a revision in a database without them."""
    configuration = migration._configuration()
    configuration.attributes.update(wait_seconds=10, lock_seconds=10)
    configuration.output_buffer = io.StringIO()
    command.upgrade(configuration, revision, sql=True)
    async with connected(database) as connection:
        await connection.execute(configuration.output_buffer.getvalue())
    assert await migration.schema_version(database) == revision
