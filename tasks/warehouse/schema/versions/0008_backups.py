"""Revision: backups, their proofs, a lock that a running backup holds; plainer comments (the script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0008_backups"
down_revision = "0007_run_states"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
