"""Revision: every end of a run has a status, and a run can be degraded (the SQL script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0007_run_states"
down_revision = "0006_search_path"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
