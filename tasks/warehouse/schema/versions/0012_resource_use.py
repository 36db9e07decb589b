"""Revision: ends of runs, with what each run used and cost (the script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0012_resource_use"
down_revision = "0011_size_history"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
