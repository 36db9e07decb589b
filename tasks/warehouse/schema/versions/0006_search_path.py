"""Revision: views are bound to pg_catalog, the load lock is a table (the SQL script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0006_search_path"
down_revision = "0005_refusal"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
