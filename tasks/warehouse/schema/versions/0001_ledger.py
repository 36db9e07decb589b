"""Revision: the ledger (the SQL script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0001_ledger"
down_revision = None


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
