"""Revision: views, grants and policies (the SQL script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0003_views_and_access"
down_revision = "0002_star_schema"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
