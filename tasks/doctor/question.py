"""A check that only asks the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tasks.doctor.finding import Finding
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.queries import compact_sql
from tasks.postgres.questions import Answer


@dataclass(frozen=True)
class Question:
    """A check that only asks the database: its query, without parameters, and the findings by the answer."""

    query: str
    judge: Callable[[Answer, ConnectionSettings], list[Finding]]


def doctor_sql(name: str) -> str:
    """Return the statement in ``sql/NAME.sql`` of the doctor, without comments."""
    return compact_sql(name, "tasks.doctor")
