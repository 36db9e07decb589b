"""Checks at the start of a run, made in the turn that it takes anyway; ``tasks.doctor.preflight`` says which."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import asyncpg

from tasks.postgres.queries import compact_sql
from tasks.postgres.questions import Answer, ask_rows

REVISION = "revision"


async def _at_once() -> None:
    """Wait for nothing."""


@dataclass(frozen=True)
class Preflight:
    """What is asked with the start of a run, and what judges the answers.

    Attributes:
        probe: Expression that is true if nothing would stop a run that has begun; asked in the same turn.
        queries: Queries of any rows by name, without parameters, asked where the probe is false or the run cannot begin.
        judge: Raises an error, by the answers to the queries, if the run must not go on.
        ready: Waits for checks that are made while the connection opens, and raises an error likewise.
    """

    probe: str
    queries: Mapping[str, str]
    judge: Callable[[Mapping[str, Answer]], None]
    ready: Callable[[], Awaitable[None]] = _at_once


async def ask_preflight(connection: asyncpg.Connection, preflight: Preflight) -> Mapping[str, Answer] | None:
    """Ask and judge what the preflight asks, and the revision; None if a question fails."""
    try:
        answers = await ask_rows(connection, {REVISION: compact_sql("select_revision"), **preflight.queries})
    except asyncpg.PostgresError:
        return None
    preflight.judge(answers)
    return answers
