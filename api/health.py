"""The health of the warehouse, in one turn; in two where the integrity checks run anew."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import asyncpg

from api.integrity_checks import configured_checks, summary
from api.models.base import Status
from api.models.health import ConnectionFacts, HealthReport, TableState
from blocks.settings import Settings
from tasks.errors import WarehouseError
from tasks.postgres.copy import fetch_json
from tasks.postgres.pool import QueryPool
from tasks.postgres.queries import compact_sql
from tasks.postgres.questions import ask
from tasks.warehouse.integrity.check import Check
from tasks.warehouse.integrity.examine import examine_integrity, result_of
from tasks.warehouse.integrity.last import last_integrity, last_integrity_query
from tasks.warehouse.integrity.report import IntegrityReport
from tasks.warehouse.migrate import head_revision, version_of
from tasks.warehouse.statistics import TABLES

_NO_SCHEMA = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.InvalidSchemaNameError)


def _facts() -> dict[str, str]:
    return {name: compact_sql(f"select_{name}", "api") for name in ("connection", "tables")}


def _with_schema() -> dict[str, str]:
    return {**_facts(), "revision": compact_sql("select_revision", "api")}


async def read_connection(pool: QueryPool) -> ConnectionFacts:
    """Read the facts about a connection of the pool, in one turn."""
    async with pool.connection() as connection:
        began = time.perf_counter()
        (facts,) = await fetch_json(connection, compact_sql("select_connection", "api"))
    return _connection(pool, facts, began)


async def read_health(pool: QueryPool) -> HealthReport:
    """Read the health of the warehouse, with the last stored results of the integrity checks."""
    async with pool.connection() as connection:
        began = time.perf_counter()
        try:
            answers = await ask(connection, {**_with_schema(), "integrity": last_integrity_query()})
        except _NO_SCHEMA:
            # A database without our schema, or of an earlier release, is a state to tell, not an error.
            answers = await _facts_of_other_schema(connection)
            return _report(pool, answers, None, began)
    return _report(pool, answers, last_integrity(answers["integrity"]), began)


async def _facts_of_other_schema(connection: asyncpg.Connection) -> dict[str, Any]:
    try:
        return await ask(connection, _with_schema())
    except _NO_SCHEMA:
        return await ask(connection, _facts())


async def health_json(pool: QueryPool) -> bytes:
    """Read the health as the JSON of its model."""
    return (await read_health(pool)).model_dump_json().encode()


async def examined_health_json(pool: QueryPool, settings: Settings) -> bytes:
    """Examine the health with the checks of the settings, as the JSON of its model."""
    checks = configured_checks(settings)
    return (
        (await examine_health(pool, checks, settings.retail_integrity_check_seconds))
        .model_dump_json()
        .encode()
    )


async def examine_health(pool: QueryPool, checks: tuple[Check, ...], custom_seconds: float) -> HealthReport:
    """Read the health of the warehouse, with results of integrity checks that run now and are not stored.

    Args:
        pool: The warehouse.
        checks: The checks. Those of this package take no further turn; each custom one does.
        custom_seconds: Time limit of a custom check.
    """
    built_in = [check for check in checks if not check.is_custom]
    examined_at = datetime.now(UTC)
    async with pool.connection() as connection:
        began = time.perf_counter()
        try:
            # Questions of ours are named so that no check can be taken for one.
            questions = {f"-{name}": query for name, query in _with_schema().items()}
            answers = await ask(connection, questions | {check.name: check.question for check in built_in})
        except asyncpg.PostgresError:
            return await _examine_alone(pool, checks, custom_seconds)
    facts = {name.removeprefix("-"): answer for name, answer in answers.items() if name.startswith("-")}
    results = tuple(result_of(check, answers[check.name]) for check in built_in)
    custom = tuple(check for check in checks if check.is_custom)
    if custom:
        further = await examine_integrity(pool, custom, custom_seconds=custom_seconds, store=False)
        results += further.results
    return _report(pool, facts, IntegrityReport(examined_at, results), began)


async def _examine_alone(pool: QueryPool, checks: tuple[Check, ...], custom_seconds: float) -> HealthReport:
    """The same where a check, or the schema, has a fault: in more turns, and each check for itself."""
    report = await read_health(pool)
    try:
        found = await examine_integrity(pool, checks, custom_seconds=custom_seconds, store=False)
    except WarehouseError:
        if report.schema_revision == head_revision():
            raise
        return report
    return _judged(report.model_copy(update={"integrity": summary(found)}))


def _connection(pool: QueryPool, facts: Mapping[str, Any], began: float) -> ConnectionFacts:
    milliseconds = round((time.perf_counter() - began) * 1000, 1)
    return ConnectionFacts(address=pool.settings.display, milliseconds=milliseconds, **facts)


def _report(
    pool: QueryPool, answers: Mapping[str, Any], integrity: IntegrityReport | None, began: float
) -> HealthReport:
    present = answers["tables"]
    return _judged(
        HealthReport(
            status="ok",
            connection=_connection(pool, answers["connection"], began),
            schema_revision=version_of(answers.get("revision", [])),
            tables=[
                TableState(name=name, exists=name in present, rows_estimated=present.get(name))
                for name in TABLES
            ],
            integrity=summary(integrity) if integrity else None,
            timestamp=datetime.now(UTC),
        )
    )


def _judged(report: HealthReport) -> HealthReport:
    return report.model_copy(update={"status": _status(report)})


def _status(report: HealthReport) -> Status:
    integrity = report.integrity
    if not all(table.exists for table in report.tables) or (integrity and not integrity.passed):
        return "critical"
    is_fine = (
        integrity is not None
        and not integrity.counts.warning
        and not report.connection.is_read_only
        and report.schema_revision == head_revision()
    )
    return "ok" if is_fine else "warning"
