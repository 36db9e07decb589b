"""Revision: feeds whose lines hold a word for missing keep reading it as text (the script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0017_missing_words"
down_revision = "0016_codes"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
