"""Revision: requests of the API, and outcomes of backup runs (the script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0014_api_requests"
down_revision = "0013_health"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
