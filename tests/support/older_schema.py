"""A warehouse as an older release made it."""

from __future__ import annotations

import io

from alembic import command
from alembic.script import ScriptDirectory

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse import migrate as migration

_WITH_ROWS = "0016_codes"


async def create_schema_at(database: ConnectionSettings, revision: str) -> None:
    """Create the schemas at a revision in a database without them."""
    configuration = migration._configuration()
    configuration.attributes.update(wait_seconds=10, lock_seconds=10)
    configuration.output_buffer = io.StringIO()
    command.upgrade(configuration, revision, sql=True)
    async with connected(database) as connection:
        await connection.execute(configuration.output_buffer.getvalue())
    assert await migration.schema_version(database) == revision


async def upgrade_schema_to(database: ConnectionSettings, revision: str) -> None:
    """Upgrade the schemas to a revision before the newest, with the rows that ``0016_codes`` upgrades itself."""
    present = await migration.schema_version(database)
    if present is not None and present < _WITH_ROWS < revision:
        await upgrade_schema_to(database, _WITH_ROWS)
        present = _WITH_ROWS
    configuration = migration._configuration()
    configuration.attributes.update(wait_seconds=10, lock_seconds=10, in_transaction=True)
    configuration.output_buffer = io.StringIO()
    command.upgrade(configuration, f"{present}:{revision}", sql=True)
    upgraded = ScriptDirectory.from_config(configuration).get_revision(revision)
    async with connected(database) as connection:
        await connection.execute(f"begin;\n{configuration.output_buffer.getvalue()}")
        if upgraded is not None and hasattr(upgraded.module, "upgrade_rows"):
            await upgraded.module.upgrade_rows(connection)
        await connection.execute("commit")
    assert await migration.schema_version(database) == revision
