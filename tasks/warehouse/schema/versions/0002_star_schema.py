"""Revision: the star schema (the SQL script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0002_star_schema"
down_revision = "0001_ledger"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
