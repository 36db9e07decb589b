"""Revision: figures, scores and quarantined lines belong to attempts (the script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0010_attempts"
down_revision = "0009_integrity"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
