"""The database: open one connection, and run the checks on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

import asyncpg

from tasks import progress
from tasks.doctor.connection_method import examine_connection_method, examine_host
from tasks.doctor.connections import CONNECTIONS
from tasks.doctor.finding import Finding, Status, blocking, from_error, from_unexpected_error, skipped
from tasks.doctor.pooling import SESSION, examine_pooling
from tasks.doctor.question import Question
from tasks.doctor.rights import RIGHTS
from tasks.doctor.round_trip import examine_round_trip
from tasks.doctor.schema import PUBLIC_SCHEMA, SCHEMA, readers
from tasks.doctor.server import CLOCK, ENCODING, SIZE, STATEMENT_TIMEOUT, VERSION, WRITABLE
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
from tasks.postgres.questions import Answer, ask_rows

# Shorter than in a run (RETAIL_CONNECT_SECONDS): somebody is waiting for the answer.
CONNECT_SECONDS = 25.0
ALL_QUESTIONS_SECONDS = 5.0
CHECK_SECONDS = 8.0
ALL_CHECKS_SECONDS = 20.0
_STATEMENT_SECONDS = 10.0
_CLOSE_SECONDS = 2.0
_RETRY = "Run the doctor again; if the finding stays, report it to the maintainers."

# The three findings of the check of the role's rights.
_RIGHTS = ("loads", "schema upgrades", "backups")
_OF_ENCRYPTION = (ClearTextPasswordRefused, SettingsError, TlsRefused)


@dataclass(frozen=True)
class DatabaseExamination:
    """The findings, and the server's major version if a connection succeeded."""

    findings: tuple[Finding, ...]
    major: int | None = None


def _questions(analyst_roles: Sequence[str]) -> dict[str, Question]:
    return {
        "server version": VERSION,
        "loads": RIGHTS,
        "statement timeout": STATEMENT_TIMEOUT,
        "connections": CONNECTIONS,
        "writes": WRITABLE,
        "encoding": ENCODING,
        "size": SIZE,
        "schema": SCHEMA,
        "schema public": PUBLIC_SCHEMA,
        "readers": readers(analyst_roles),
        "clock": CLOCK,
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
    questions = _questions(analyst_roles)
    checks = ("session", *questions)
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
            findings += examine_round_trip(connection, settings)
            findings += await examine_encryption(settings, connection)
            progress.report("doctor.ask", settings.display)
            findings += await _run_checks(connection, settings, questions)
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
    connection: asyncpg.Connection, settings: ConnectionSettings, questions: Mapping[str, Question]
) -> list[Finding]:
    """Ask everything in one turn; if that fails, ask one by one, so that a check that fails costs its finding only.

    Checks that need answers are skipped once the server is too slow, the connection is lost or sessions are shared.
    """
    end = time.monotonic() + ALL_CHECKS_SECONDS
    answers = await _ask_all(connection, questions)
    findings = await _guarded(
        "session", examine_pooling(connection, settings, answers.get("session")), settings, end
    )
    why = "needs a persistent session" if blocking(findings) else ""
    for name, question in questions.items():
        if not (why or answers):
            if connection.is_closed():
                why = "the connection was lost"
            elif time.monotonic() >= end:
                why = "the server answers too slowly"
        if why:
            findings += _unreached([name], why)
        else:
            work = _examine(connection, settings, name, question, answers.get(name))
            findings += await _guarded(name, work, settings, end)
    return findings


async def _ask_all(connection: asyncpg.Connection, questions: Mapping[str, Question]) -> dict[str, Answer]:
    """The answers to all questions, or none if one of them fails."""
    queries = {"session": SESSION} | {name: question.query for name, question in questions.items()}
    # ValueError: a name that is not UTF-8, in a database with another encoding.
    with suppress(*DRIVER_ERRORS, OSError, ValueError):
        async with asyncio.timeout(ALL_QUESTIONS_SECONDS):
            return await ask_rows(connection, queries)
    return {}


async def _examine(
    connection: asyncpg.Connection,
    settings: ConnectionSettings,
    name: str,
    question: Question,
    answer: Answer | None,
) -> list[Finding]:
    if answer is None:
        answer = (await ask_rows(connection, {name: question.query}))[name]
    return question.judge(answer, settings)


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
