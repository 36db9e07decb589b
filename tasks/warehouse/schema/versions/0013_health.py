"""Revision: the health of the warehouse over time (the script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0013_health"
down_revision = "0012_resource_use"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
