"""Revision: mappings of feeds (the script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0020_mapping"
down_revision = "0019_unfinished"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
