"""Run the integrity checks and store what they found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg

from tasks import progress
from tasks.errors import SettingsError
from tasks.outside_text import displayable
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.errors import DRIVER_ERRORS, map_driver_error
from tasks.postgres.questions import ask
from tasks.warehouse.integrity.check import Check, built_in_checks
from tasks.warehouse.integrity.report import CheckResult, IntegrityReport
from tasks.warehouse.limits import DEFAULT_CUSTOM_SECONDS
from tasks.warehouse.observations import store_observations
from tasks.warehouse.questions import Warehouse, address_of, reading

# Of the statement that asks all checks of this package.
ALL_SECONDS = 600.0
_LOST = (asyncpg.InterfaceError, OSError)


def select_checks(name: str, custom: Sequence[Check]) -> tuple[Check, ...]:
    """Return the check of this name, or all of them if it is empty.

    Raises:
        SettingsError: there is no such check.
    """
    checks = (*built_in_checks(), *custom)
    selected = tuple(check for check in checks if not name or check.name == name)
    if not selected:
        raise SettingsError(
            f"There is no check named {displayable(name)}.",
            f"Choose one of: {', '.join(check.name for check in checks)}.",
            setting="check",
        )
    return selected


async def examine_integrity(
    warehouse: Warehouse,
    checks: Sequence[Check],
    *,
    custom_seconds: float = DEFAULT_CUSTOM_SECONDS,
    store: bool = True,
) -> IntegrityReport:
    """Run checks: those of this package in one statement, so of one snapshot, each custom one by itself.

    Args:
        warehouse: The warehouse, or a pool of connections to it.
        checks: The checks.
        custom_seconds: Time limit of a custom check.
        store: Store the results in the ledger. A database that is read-only does without.

    Raises:
        WarehouseError: the schema has another revision than this release.
    """
    examined_at, settings = datetime.now(UTC), address_of(warehouse)
    async with reading(warehouse, ALL_SECONDS) as connection:
        results = await ask_integrity(connection, settings, checks, custom_seconds)
        is_stored = store and await store_observations(connection, settings, examined_at, results)
    return IntegrityReport(examined_at, results, is_stored)


async def ask_integrity(
    connection: asyncpg.Connection,
    settings: ConnectionSettings,
    checks: Sequence[Check],
    custom_seconds: float = DEFAULT_CUSTOM_SECONDS,
) -> tuple[CheckResult, ...]:
    """Run checks on a connection of ``reading``; see ``examine_integrity``."""
    progress.report("integrity.ask", f"{len(checks)} checks")
    found = await _ask_built_in(connection, settings, [check for check in checks if not check.is_custom])
    for check in checks:
        if check.is_custom:
            progress.report("integrity.custom", check.name)
            found[check.name] = await _ask_custom(connection, settings, check, custom_seconds)
    return tuple(result_of(check, found[check.name]) for check in checks)


def result_of(check: Check, answer: Mapping[str, Any]) -> CheckResult:
    """Return the result of a check by the answer to its question."""
    return CheckResult(
        check.name,
        check.severity,
        check.finds,
        answer.get("violations"),
        tuple(answer.get("samples", ())),
        check.query,
        answer.get("error", ""),
    )


async def _ask_built_in(
    connection: asyncpg.Connection, settings: ConnectionSettings, checks: Sequence[Check]
) -> dict[str, dict[str, Any]]:
    """Ask everything in one turn; if that fails, one by one, so that a check that fails costs its result only."""
    if not checks:
        return {}
    try:
        return await ask(connection, {check.name: check.question for check in checks})
    except asyncpg.PostgresError as error:
        if isinstance(error, asyncpg.UndefinedTableError | asyncpg.UndefinedColumnError):
            raise
    answers: dict[str, dict[str, Any]] = {}
    for check in checks:
        try:
            answers |= await ask(connection, {check.name: check.question})
        except asyncpg.PostgresError as error:
            answers[check.name] = {"error": _reason(error, settings)}
    return answers


async def _ask_custom(
    connection: asyncpg.Connection, settings: ConnectionSettings, check: Check, seconds: float
) -> dict[str, Any]:
    """Ask a custom check in a read-only transaction. The extended protocol takes one statement, so it cannot end it."""
    await connection.execute(f"begin read only; set local statement_timeout = {max(1, int(seconds * 1000))}")
    try:
        value = await connection.fetchval(check.question)
        return dict(json.loads(value))
    except asyncpg.QueryCanceledError:
        return {"error": f"it took longer than {seconds:g} s"}
    except DRIVER_ERRORS as error:
        if connection.is_closed() or isinstance(error, _LOST):
            raise
        return {"error": _reason(error, settings)}
    finally:
        if not connection.is_closed():
            await connection.execute("rollback")


def _reason(error: BaseException, settings: ConnectionSettings) -> str:
    return displayable(map_driver_error(error, settings.display).what)
