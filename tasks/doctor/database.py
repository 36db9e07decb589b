"""The database: one connection is proven, and what it shows is examined on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial

import asyncpg

from tasks import progress
from tasks.doctor.connections import examine_connections
from tasks.doctor.endpoint import examine_host, examine_way_in
from tasks.doctor.finding import Finding, Status, from_error, from_unexpected_error, ok, skipped
from tasks.doctor.pooling import examine_pooling
from tasks.doctor.rights import examine_rights
from tasks.doctor.schema import examine_readers, examine_schema
from tasks.doctor.server import (
    examine_clock,
    examine_size,
    examine_time_limit,
    examine_version,
    examine_writable,
)
from tasks.doctor.tls import examine_ca, examine_encryption
from tasks.errors import CertificateRefused, RetailError, SettingsError, TlsRefused, WrongPassword
from tasks.postgres.connect import ConnectionSettings, connect
from tasks.postgres.errors import DRIVER_ERRORS, map_driver_error

# A run is more patient (RETAIL_CONNECT_SECONDS); here somebody waits for an answer.
CONNECT_SECONDS = 25.0
CHECK_SECONDS = 8.0
ALL_CHECKS_SECONDS = 20.0
_STATEMENT_SECONDS = 10.0
_FAREWELL_SECONDS = 2.0
_AS_ASKED = "Ask the database again; if it stays, tell the maintainers."

# What one look at the role's rights tells of.
_RIGHTS = ("loads", "schema upgrades", "backups")

Check = Callable[[asyncpg.Connection, ConnectionSettings], Awaitable[list[Finding]]]


@dataclass(frozen=True)
class Examined:
    """What was found, and the server's major version if it was reached."""

    findings: tuple[Finding, ...]
    major: int | None = None


def _checks(analyst_roles: Sequence[str]) -> dict[str, Check]:
    return {
        "session": examine_pooling,
        "server version": examine_version,
        "loads": examine_rights,
        "statement timeout": examine_time_limit,
        "connections": examine_connections,
        "writes": examine_writable,
        "size": examine_size,
        "schema": examine_schema,
        "readers": partial(examine_readers, analyst_roles=analyst_roles),
        "clock": examine_clock,
    }


async def examine_database(
    settings: ConnectionSettings | None, analyst_roles: Sequence[str] = ()
) -> Examined:
    """Everything that the address and a connection show; after a wrong password nothing more is tried."""
    checks = _checks(analyst_roles)
    if settings is None:
        return Examined(_unreached(["connection", *checks], "there is no address"))
    settings = replace(
        settings,
        connect_seconds=min(settings.connect_seconds, CONNECT_SECONDS),
        statement_timeout=_STATEMENT_SECONDS,
        lock_timeout=_STATEMENT_SECONDS,
    )
    found = [*examine_way_in(settings), *await examine_ca(settings), *await examine_host(settings)]
    if any(one.status is Status.PROBLEM for one in found):
        return Examined((*found, *_unreached(["connection", *checks], "see above")))
    progress.report("doctor.connect", settings.display)
    try:
        async with _connected(settings) as connection:
            found.append(ok("connection", f"as {settings.user} to {settings.database}"))
            found += await examine_encryption(settings)
            progress.report("doctor.ask", settings.display)
            found += await _ask(connection, settings, checks)
            return Examined(tuple(found), connection.get_server_version().major)
    except RetailError as error:
        found.append(_no_connection(error))
        if isinstance(error, CertificateRefused):
            # Whose certificate it is explains the refusal; no password has been sent.
            found += await examine_encryption(settings)
        return Examined((*found, *_unreached(checks, "no connection")))


def _unreached(names: Iterable[str], why: str) -> tuple[Finding, ...]:
    every = (each for name in names for each in (_RIGHTS if name == "loads" else (name,)))
    return tuple(skipped(name, why) for name in every)


def _no_connection(error: RetailError) -> Finding:
    if isinstance(error, WrongPassword):
        finding = from_error("connection", error)
        return replace(finding, fix=f"{finding.fix} Nothing more was tried.")
    check = "encryption" if isinstance(error, TlsRefused | SettingsError) else "connection"
    return from_error(check, error)


@asynccontextmanager
async def _connected(settings: ConnectionSettings) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(settings)
    try:
        yield connection
        with suppress(*DRIVER_ERRORS, OSError):
            await connection.close(timeout=_FAREWELL_SECONDS)
    finally:
        connection.terminate()


async def _ask(
    connection: asyncpg.Connection, settings: ConnectionSettings, checks: dict[str, Check]
) -> list[Finding]:
    """Run the checks one after another, while the server answers and the session is ours alone."""
    end = time.monotonic() + ALL_CHECKS_SECONDS
    found: list[Finding] = []
    why = ""
    for name, check in checks.items():
        if not why and time.monotonic() >= end:
            why = "the server answers too slowly"
        if why:
            found += _unreached([name], why)
            continue
        new = await _settled(name, check(connection, settings), settings, end)
        found += new
        if name == "session" and any(one.status is Status.PROBLEM for one in new):
            why = "needs a session that lasts"
        elif connection.is_closed():
            why = "the connection was lost"
    return found


async def _settled(
    name: str, work: Awaitable[list[Finding]], settings: ConnectionSettings, end: float
) -> list[Finding]:
    """What a check finds; what it raises is a finding too."""
    try:
        async with asyncio.timeout(min(CHECK_SECONDS, max(0.1, end - time.monotonic()))):
            return await work
    except TimeoutError:
        return [Finding(name, Status.WARNING, "the server did not answer in time.", _AS_ASKED)]
    except RetailError as error:
        return [from_error(name, error, Status.WARNING)]
    except (*DRIVER_ERRORS, OSError) as error:
        return [from_error(name, map_driver_error(error, settings.display), Status.WARNING)]
    except Exception as error:  # noqa: BLE001 - an examination ends with findings, whatever it meets
        return [from_unexpected_error(name, error, _AS_ASKED)]
