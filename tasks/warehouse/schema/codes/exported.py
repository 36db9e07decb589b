"""The revision in a script that a tool of somebody else runs."""

from __future__ import annotations

from tasks.postgres.queries import inlined, sql
from tasks.warehouse.schema.codes.bring_along import CANDIDATE


def no_old_codes_script() -> str:
    """Return a statement that fails if codes of the warehouse may need ``bring_codes_along``, which is no SQL."""
    return inlined(sql("ensure_no_old_codes", "tasks.warehouse.schema.codes"), CANDIDATE).rstrip() + ";"
