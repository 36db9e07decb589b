"""Revision: refusals for sums (the script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0025_sums"
down_revision = "0024_passed_over"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
