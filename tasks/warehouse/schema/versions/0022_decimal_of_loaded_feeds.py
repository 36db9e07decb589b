"""Revision: the decimal mark of feeds that hold lines (the script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0022_decimal_of_loaded_feeds"
down_revision = "0021_currency_column"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
