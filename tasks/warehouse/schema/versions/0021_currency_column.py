"""Revision: feeds whose currency columns were passed over (the script of the same name)."""

from pathlib import Path

from tasks.warehouse.schema.script import run_script

revision = "0021_currency_column"
down_revision = "0020_mapping"


def upgrade() -> None:
    """Run the script."""
    run_script(Path(__file__).with_suffix(".sql"))
