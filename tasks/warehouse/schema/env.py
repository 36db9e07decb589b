"""Alembic's environment: run migrations on the connection that ``upgrade_from`` passes in, or write their script."""

from pathlib import Path
from typing import Any

from alembic import context
from sqlalchemy import text

from tasks.warehouse.schema.script import run_script

_LOCK = Path(__file__).with_name("lock_schema.sql")
_OPTIONS: dict[str, Any] = {
    "version_table": "schema_version",
    "version_table_schema": "retail_ops",
    "transaction_per_migration": False,
}
attributes = context.config.attributes

# Somebody else's tool runs a script that is exported, in a transaction of its own or in none.
is_exported = attributes.get("is_exported", False)
begins = not is_exported and not attributes.get("in_transaction", False)
wait, limit = (
    "" if is_exported else f"set local lock_timeout = {round(attributes[name] * 1000)}"
    for name in ("wait_seconds", "lock_seconds")
)
# One migration at a time in a database: the lock's script takes the load lock until the end of the transaction.
if context.is_offline_mode():
    context.configure(dialect_name="postgresql", transactional_ddl=begins, **_OPTIONS)
    with context.begin_transaction():
        for statements in filter(None, (wait, _LOCK.read_text(encoding="utf-8").strip().rstrip(";"), limit)):
            context.get_context().impl.static_output(f"{statements};")
        context.run_migrations()
else:
    connection = attributes["connection"]
    # SQLAlchemy begins the transaction with its own first statement; without one, the script would commit by itself.
    connection.execute(text(wait))
    run_script(_LOCK, connection)
    connection.execute(text(limit))
    context.configure(connection=connection, **_OPTIONS)
    with context.begin_transaction():
        context.run_migrations()
