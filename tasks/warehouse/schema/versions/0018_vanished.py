"""Revision: vanished deliveries, their largest content, and bytes of other feeds (the script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0018_vanished"
down_revision = "0017_missing_words"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
