"""Free connections of the server, compared with the pool size of a process."""

from __future__ import annotations

from tasks.doctor.finding import Finding, ok, problem, warning
from tasks.doctor.question import Question
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.questions import Answer
from tasks.postgres.supabase import pool_size_and_overflow
from tasks.warehouse.health.connections import FIX, QUERY, connection_use

# A load holds one connection while the report queries on another.
NEEDED = 2


def judge_connections(answer: Answer, settings: ConnectionSettings) -> list[Finding]:
    """Compare the connections free for this role, our own included, with the pool limits."""
    row, use = answer.row, connection_use(answer)
    size, overflow = pool_size_and_overflow(settings)
    reserved = f"max_connections {row['of_server']}, {row['reserved']} reserved"
    what = f"{use.free} free, limited by {use.limited_by} ({reserved}); a process may use {size + overflow}"
    if use.free < NEEDED:
        return [problem("connections", f"{what}.", f"A run needs {NEEDED}. {FIX}")]
    if use.free < size + overflow:
        return [warning("connections", f"{what}.", FIX)]
    return [ok("connections", what)]


CONNECTIONS = Question(QUERY, judge_connections)
