"""Revision: results of the integrity checks (the script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0009_integrity"
down_revision = "0008_backups"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
