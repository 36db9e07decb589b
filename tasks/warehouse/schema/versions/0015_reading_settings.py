"""Revision: reading settings of feeds (the script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0015_reading_settings"
down_revision = "0014_api_requests"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
