"""Revision: sizes of the database over time (the script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0011_size_history"
down_revision = "0010_attempts"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
