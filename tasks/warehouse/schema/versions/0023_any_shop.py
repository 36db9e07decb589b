"""Revision: room for what any shop exports. Quantities change their type in place, views that show them are made again."""

from functools import partial
from pathlib import Path

from alembic import op

from tasks.warehouse.schema import any_shop
from tasks.warehouse.schema.any_shop.announce import announce, announce_upgrade
from tasks.warehouse.schema.script import run_rows, run_script

revision = "0023_any_shop"
down_revision = "0022_decimal_of_loaded_feeds"
announce_rows = announce_upgrade
_SQL = Path(any_shop.__file__).parent / "sql"


def upgrade() -> None:
    """Run the script between those that take the views down and make them again."""
    context = op.get_context()
    attributes = context.config.attributes if context.config is not None else {}
    if attributes.get("is_exported"):
        # Another tool's limit, such as Supabase's two minutes, is for statements that write less.
        context.impl.static_output("select set_config('statement_timeout', '0', true);")
    run_script(_SQL / "remember_views.sql")
    run_script(_SQL / "ensure_made_again.sql")
    if not context.as_sql:
        run_rows(partial(announce, settings=attributes["warehouse"]))
    run_script(_SQL / "take_locks.sql")
    run_script(Path(__file__).with_suffix(".sql"))
    run_script(_SQL / "make_views_again.sql")
