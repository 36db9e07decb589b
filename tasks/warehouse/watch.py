"""A look at everything: data, sizes, indexes, what the linter would report, and health, on one connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg

from tasks import progress
from tasks.errors import RetailError
from tasks.outside_text import displayable
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.pool import use_of_process
from tasks.postgres.questions import ask
from tasks.warehouse.health.connection_time import TRIES, measure_connections
from tasks.warehouse.health.examine import ask_health, health_findings, health_queries, unreachable
from tasks.warehouse.health.finding import DEFAULT_THRESHOLDS, HealthFinding, HealthStatus, HealthThresholds
from tasks.warehouse.integrity.check import Check, built_in_checks
from tasks.warehouse.integrity.examine import ALL_SECONDS, ask_integrity
from tasks.warehouse.integrity.report import CheckResult, IntegrityReport
from tasks.warehouse.limits import DEFAULT_CUSTOM_SECONDS
from tasks.warehouse.observations import store_observations
from tasks.warehouse.questions import reading
from tasks.warehouse.statistics import Statistics, statistics_of, statistics_queries

# Warnings of the other integrity checks are what real data holds.
_TELLING = "late_feeds"


@dataclass(frozen=True)
class Note:
    """Something that needs attention: the ``check`` that noted it, what it is, and what to do."""

    check: str
    what: str
    next_step: str = ""

    @property
    def text(self) -> str:
        """All of it on one line."""
        return f"{self.check}: {self.what.rstrip('.')}. {self.next_step}".rstrip()


@dataclass(frozen=True)
class WatchReport:
    """What a look has shown; ``integrity`` and ``statistics`` are None where the database could not be reached."""

    examined_at: datetime
    health: tuple[HealthFinding, ...]
    integrity: IntegrityReport | None = None
    statistics: Statistics | None = None

    @property
    def problems(self) -> tuple[Note, ...]:
        """What needs somebody now: critical health, and integrity checks of severity error."""
        results = self.integrity.results if self.integrity else ()
        return (
            *_of_health(self.health, HealthStatus.CRITICAL),
            *(_of_check(result) for result in results if result.status in {"error", "failed"}),
        )

    @property
    def warnings(self) -> tuple[Note, ...]:
        """What needs somebody soon. Warnings about the data count if they are the user's own, or of a late feed."""
        results = self.integrity.results if self.integrity else ()
        return (
            *_of_health(self.health, HealthStatus.WARNING),
            *(
                _of_check(result)
                for result in results
                if result.status == "warning" and (result.name == _TELLING or result.name not in _built_in())
            ),
            *(_of_statistics(self.statistics) if self.statistics else ()),
        )

    @property
    def status(self) -> HealthStatus:
        """``critical`` with problems, else ``warning`` with warnings, else ``ok``."""
        if self.problems:
            return HealthStatus.CRITICAL
        return HealthStatus.WARNING if self.warnings else HealthStatus.OK

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "status": self.status.value,
            "examined_at": self.examined_at.isoformat(),
            "problems": [note.text for note in self.problems],
            "warnings": [note.text for note in self.warnings],
            "health": [finding.as_json() for finding in self.health],
            "integrity": self.integrity.as_json() if self.integrity else None,
            "statistics": self.statistics.as_json() if self.statistics else None,
        }


@dataclass(frozen=True)
class WatchInputs:
    """What a watch looks at.

    Attributes:
        settings: The warehouse.
        checks: Integrity checks, the user's own included.
        thresholds: Thresholds of health.
        custom_seconds: Time limit of a check of the user's.
        tries: Number of new connections.
    """

    settings: ConnectionSettings
    checks: tuple[Check, ...]
    thresholds: HealthThresholds = DEFAULT_THRESHOLDS
    custom_seconds: float = DEFAULT_CUSTOM_SECONDS
    tries: int = TRIES


async def watch(inputs: WatchInputs) -> WatchReport:
    """Look at everything and store it: two statements that ask, and one that stores, on one connection.

    The tries of new connections come before it; the user's own checks run one by one in between.

    Returns:
        The report. A database that cannot be reached is a critical finding.

    Raises:
        WarehouseError: the schema is missing or has another revision than this release.
        RetailError: the connection was lost in the middle.
    """
    examined_at = datetime.now(UTC)
    settings, thresholds = inputs.settings, inputs.thresholds
    progress.report("watch.connect", settings.display)
    try:
        times = await measure_connections(settings, inputs.tries)
    except RetailError as error:
        return WatchReport(examined_at, (unreachable(error),))
    async with reading(settings, ALL_SECONDS) as connection:
        results = await ask_integrity(connection, settings, inputs.checks, inputs.custom_seconds)
        progress.report("watch.ask", settings.display)
        answers = await _ask(connection, settings)
        findings = health_findings(times, connection, use_of_process(settings), answers, thresholds)
        is_stored = await store_observations(
            connection, settings, examined_at, results, findings, with_size=True
        )
    return WatchReport(
        examined_at,
        findings,
        IntegrityReport(examined_at, results, is_stored),
        statistics_of(answers, thresholds.disk_bytes),
    )


async def _ask(connection: asyncpg.Connection, settings: ConnectionSettings) -> Mapping[str, Any]:
    try:
        return await ask(connection, statistics_queries() | health_queries())
    except asyncpg.PostgresError:  # a check of health that fails costs its own finding only
        return await ask_health(connection, settings) | await ask(connection, statistics_queries())


def _built_in() -> frozenset[str]:
    return frozenset(check.name for check in built_in_checks())


def _of_health(findings: Sequence[HealthFinding], status: HealthStatus) -> list[Note]:
    return [
        Note(finding.name, finding.what, finding.next_step)
        for finding in findings
        if finding.status is status
    ]


def _of_check(result: CheckResult) -> Note:
    if result.violations is None:
        return Note(result.name, f"could not run: {displayable(result.error)}", "Correct the check.")
    what = f"{result.violations:,} {displayable(result.finds)}"
    return Note(result.name, what, f"See them: retail integrity --check {result.name}")


def _of_statistics(statistics: Statistics) -> list[Note]:
    # A new warehouse lacks the keys until its first run finishes.
    is_empty = not any(
        table.rows for table in statistics.tables if table.table_name == "retail_dwh.fact_sale"
    )
    faults = [
        f"{displayable(fault.index_name)} is {fault.fault}"
        for fault in statistics.indexes
        if fault.fault in {"missing", "invalid", "duplicate"} and not is_empty
    ]
    notes = [
        Note("indexes", ", ".join(faults), "The next run adds what is missing; drop what is not needed.")
    ]
    lints = [
        f"{lint} ({', '.join(map(displayable, names))})" for lint, names in sorted(statistics.lints.items())
    ]
    notes.append(Note("linter", "; ".join(lints), "Supabase's linter reports it too: see docs/supabase.md."))
    return [note for note in notes if note.what]
