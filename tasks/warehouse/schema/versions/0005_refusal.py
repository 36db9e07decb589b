"""Revision: attempts keep what refused a delivery (the SQL script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0005_refusal"
down_revision = "0004_line_source"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
