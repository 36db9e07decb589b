"""Revision: deliveries that are unfinished (the script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0019_unfinished"
down_revision = "0018_vanished"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
