"""Revision: rows that are no lines in the accounting, notes, and unchanged deliveries (the script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0024_passed_over"
down_revision = "0023_any_shop"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
