"""Alembic's environment: run migrations on the connection that ``upgrade_from`` passes in."""

from pathlib import Path

from alembic import context
from sqlalchemy import text

from tasks.warehouse.schema.script import run_script

connection = context.config.attributes["connection"]
wait_seconds, lock_seconds = (context.config.attributes[name] for name in ("wait_seconds", "lock_seconds"))
# SQLAlchemy begins the transaction with its own first statement; without one, the script would commit by itself.
connection.execute(text(f"set local lock_timeout = {round(wait_seconds * 1000)}"))
# One migration at a time in a database: the script takes the load lock until the end of the transaction.
run_script(Path(__file__).with_name("lock_schema.sql"), connection)
connection.execute(text(f"set local lock_timeout = {round(lock_seconds * 1000)}"))
context.configure(
    connection=connection,
    version_table="schema_version",
    version_table_schema="retail_ops",
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
