"""The database: open one connection, and run the checks on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial

import asyncpg

from tasks import progress
from tasks.doctor.connection_method import examine_connection_method, examine_host
from tasks.doctor.connections import examine_connections
from tasks.doctor.finding import Finding, Status, blocking, from_error, from_unexpected_error, ok, skipped
from tasks.doctor.pooling import examine_pooling
from tasks.doctor.rights import examine_rights
from tasks.doctor.schema import examine_public_schema, examine_readers, examine_schema
from tasks.doctor.server import (
    examine_clock,
    examine_encoding,
    examine_size,
    examine_statement_timeout,
    examine_version,
    examine_writable,
)
from tasks.doctor.tls import examine_ca, examine_encryption
from tasks.errors import (
    CertificateRefused,
    ClearTextPasswordRefused,
    RetailError,
    SettingsError,
    TlsRefused,
    WrongPassword,
)
from tasks.postgres.connect import ConnectionSettings, connect
from tasks.postgres.errors import DRIVER_ERRORS, map_driver_error

# Shorter than in a run (RETAIL_CONNECT_SECONDS): somebody is waiting for the answer.
CONNECT_SECONDS = 25.0
CHECK_SECONDS = 8.0
ALL_CHECKS_SECONDS = 20.0
_STATEMENT_SECONDS = 10.0
_CLOSE_SECONDS = 2.0
_RETRY = "Run the doctor again; if the finding stays, report it to the maintainers."

# The three findings of the check of the role's rights.
_RIGHTS = ("loads", "schema upgrades", "backups")
_OF_ENCRYPTION = (ClearTextPasswordRefused, SettingsError, TlsRefused)

Check = Callable[[asyncpg.Connection, ConnectionSettings], Awaitable[list[Finding]]]


@dataclass(frozen=True)
class DatabaseExamination:
    """The findings, and the server's major version if a connection succeeded."""

    findings: tuple[Finding, ...]
    major: int | None = None


def _checks(analyst_roles: Sequence[str]) -> dict[str, Check]:
    return {
        "session": examine_pooling,
        "server version": examine_version,
        "loads": examine_rights,
        "statement timeout": examine_statement_timeout,
        "connections": examine_connections,
        "writes": examine_writable,
        "encoding": examine_encoding,
        "size": examine_size,
        "schema": examine_schema,
        "schema public": examine_public_schema,
        "readers": partial(examine_readers, analyst_roles=analyst_roles),
        "clock": examine_clock,
    }


async def examine_database(
    settings: ConnectionSettings | None, analyst_roles: Sequence[str] = ()
) -> DatabaseExamination:
    """Run every check of the address, the connection and the database.

    After a wrong password nothing more is tried: two of them ban the address at Supabase.

    Args:
        settings: Connection settings, or None if there are none; all checks are then skipped.
        analyst_roles: Roles that RETAIL_ANALYST_ROLES names.
    """
    checks = _checks(analyst_roles)
    if settings is None:
        return DatabaseExamination(_unreached(["connection", *checks], "no connection settings"))
    settings = replace(
        settings,
        connect_seconds=min(settings.connect_seconds, CONNECT_SECONDS),
        statement_timeout=_STATEMENT_SECONDS,
        lock_timeout=_STATEMENT_SECONDS,
    )
    findings = [
        *examine_connection_method(settings),
        *await examine_ca(settings),
        *await examine_host(settings),
    ]
    if blocking(findings):
        return DatabaseExamination((*findings, *_unreached(["connection", *checks], "see above")))
    progress.report("doctor.connect", settings.display)
    try:
        async with _connected(settings) as connection:
            findings.append(ok("connection", f"as {settings.user} to {settings.database}"))
            findings += await examine_encryption(settings)
            progress.report("doctor.ask", settings.display)
            findings += await _run_checks(connection, settings, checks)
            return DatabaseExamination(tuple(findings), connection.get_server_version().major)
    except RetailError as error:
        findings.append(_connection_failure(error))
        if isinstance(error, CertificateRefused):
            # The issuer of the certificate explains the rejection; no password has been sent.
            findings += await examine_encryption(settings)
        return DatabaseExamination((*findings, *_unreached(checks, "no connection")))


def _unreached(names: Iterable[str], why: str) -> tuple[Finding, ...]:
    checks = (check for name in names for check in (_RIGHTS if name == "loads" else (name,)))
    return tuple(skipped(check, why) for check in checks)


def _connection_failure(error: RetailError) -> Finding:
    if isinstance(error, WrongPassword):
        finding = from_error("connection", error)
        return replace(finding, fix=f"{finding.fix} No further login was tried.")
    check = "encryption" if isinstance(error, _OF_ENCRYPTION) else "connection"
    return from_error(check, error)


@asynccontextmanager
async def _connected(settings: ConnectionSettings) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(settings)
    try:
        yield connection
        with suppress(*DRIVER_ERRORS, OSError):
            await connection.close(timeout=_CLOSE_SECONDS)
    finally:
        connection.terminate()


async def _run_checks(
    connection: asyncpg.Connection, settings: ConnectionSettings, checks: dict[str, Check]
) -> list[Finding]:
    """Run the checks in order, until the server is too slow, the connection is lost or sessions are shared."""
    end = time.monotonic() + ALL_CHECKS_SECONDS
    findings: list[Finding] = []
    why = ""
    for name, check in checks.items():
        if not why and time.monotonic() >= end:
            why = "the server answers too slowly"
        if why:
            findings += _unreached([name], why)
            continue
        new = await _guarded(name, check(connection, settings), settings, end)
        findings += new
        if name == "session" and blocking(new):
            why = "needs a persistent session"
        elif connection.is_closed():
            why = "the connection was lost"
    return findings


async def _guarded(
    name: str, work: Awaitable[list[Finding]], settings: ConnectionSettings, end: float
) -> list[Finding]:
    """The findings of a check; an error or a time-out becomes a finding."""
    try:
        async with asyncio.timeout(min(CHECK_SECONDS, max(0.1, end - time.monotonic()))):
            return await work
    except TimeoutError:
        return [Finding(name, Status.WARNING, "the server did not answer in time.", _RETRY)]
    except RetailError as error:
        return [from_error(name, error, Status.WARNING)]
    except (*DRIVER_ERRORS, OSError) as error:
        return [from_error(name, map_driver_error(error, settings.display), Status.WARNING)]
    except Exception as error:  # noqa: BLE001 - an unexpected error is a finding as well
        return [from_unexpected_error(name, error, _RETRY)]
