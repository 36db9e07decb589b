"""Questions to the database: many queries, one turn, one snapshot."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from tasks.postgres.copy import fetch_json
from tasks.postgres.queries import inlined


@dataclass(frozen=True)
class Answer:
    """The answer to a question.

    Attributes:
        rows: Rows of its query as JSON objects.
        asked_at: When the question was sent, in seconds since the epoch by this machine's clock.
        answered_at: When the answer was complete, likewise.
    """

    rows: list[dict[str, Any]]
    asked_at: float = 0.0
    answered_at: float = 0.0

    @property
    def row(self) -> dict[str, Any]:
        """The only row."""
        (row,) = self.rows
        return row


async def ask(connection: asyncpg.Connection, queries: Mapping[str, str]) -> dict[str, Any]:
    """Ask all queries in one turn and return their answers by name; if one of them fails, there is no answer.

    Args:
        connection: Connection that runs the queries.
        queries: Queries by name, both of our own; each gives one JSON value and takes no parameters. At most 50.
    """
    parts = ", ".join(f"{inlined('$1', name)}, ({query})" for name, query in queries.items())
    (answers,) = await fetch_json(connection, f"select json_build_object({parts})")
    return dict(answers)


async def ask_rows(
    connection: asyncpg.Connection, queries: Mapping[str, str], now: Callable[[], float] = time.time
) -> dict[str, Answer]:
    """Like ``ask``, for queries that give any rows.

    Args:
        connection: Connection that runs the queries.
        queries: Queries by name, both of our own, without parameters. At most 50.
        now: This machine's clock.
    """
    asked_at = now()
    answers = await ask(connection, {name: rows_query(query) for name, query in queries.items()})
    answered_at = now()
    return {name: Answer(rows, asked_at, answered_at) for name, rows in answers.items()}


def rows_query(query: str) -> str:
    """Return a query of all rows of a query as one JSON value."""
    return f"select coalesce(jsonb_agg(answer), '[]') from ({query}) as answer"
