"""Alembic's environment: migrations run on the connection that ``migrate`` hands over."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
# One at a time in a database; released when the transaction ends.
connection.execute(text("select pg_advisory_xact_lock(hashtext('prefect-retail schema'))"))
connection.execute(text("create schema if not exists retail_ops"))
context.configure(
    connection=connection,
    version_table="schema_version",
    version_table_schema="retail_ops",
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
