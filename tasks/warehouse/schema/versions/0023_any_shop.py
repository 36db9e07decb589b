"""Revision: room for any shop's export (the script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0023_any_shop"
down_revision = "0022_decimal_of_loaded_feeds"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
