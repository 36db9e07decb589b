"""Revision: codes without invisible characters, and whole numbers without ``.0``; in Python, for the identities."""

from alembic import op

from tasks.warehouse.schema.codes.bring_along import bring_codes_along
from tasks.warehouse.schema.codes.exported import no_old_codes_script
from tasks.warehouse.schema.script import run_rows

revision = "0016_codes"
down_revision = "0015_reading_settings"
# Where the statements of revisions are written as a script, whoever runs it calls this after those of this revision.
upgrade_rows = bring_codes_along


def upgrade() -> None:
    """Bring the codes along. A script that somebody else's tool runs can only see whether there is need to."""
    context = op.get_context()
    if not context.as_sql:
        run_rows(upgrade_rows)
    elif context.config is not None and context.config.attributes.get("exported_from"):
        context.impl.static_output(no_old_codes_script())
