"""The only way to Postgres: settings, the TLS rule, the connection retry, the mapping of errors.

A host that is not loopback is spoken to with TLS only. Connections are plain asyncpg ones with
their own transactions (COPY on a connection borrowed from SQLAlchemy commits by itself).
"""

from __future__ import annotations

import ipaddress
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import asyncpg
import tenacity
from pydantic import SecretStr

from tasks import progress
from tasks.errors import ConnectionInterrupted, SettingsError, WarehouseUnreachable
from tasks.warehouse.driver_errors import translate

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_STRONG = frozenset({"require", "verify-ca", "verify-full"})
TRANSACTION_POOLER_PORT = 6543


@dataclass(frozen=True)
class ConnectionSettings:
    """Where the warehouse is and how to speak to it; safe to print, log and pickle.

    ``host`` is a host name, an address or the folder of a Unix socket; times are in seconds.
    ``connect_seconds`` bounds all tries for one connection together. A time-out of 0 is none.
    """

    host: str
    port: int = 5432
    database: str = "postgres"
    user: str = "postgres"
    password: SecretStr | None = None
    sslmode: str = "prefer"
    sslrootcert: str | None = None
    connect_seconds: float = 60.0
    statement_timeout: float = 1800.0
    lock_timeout: float = 60.0

    @property
    def display(self) -> str:
        """The address without the password, for messages and reports."""
        if self.host.startswith("/"):
            return f"postgresql://{quote(self.user)}@/{quote(self.database)}?host={quote(self.host)}"
        return f"postgresql://{quote(self.user)}@{self.host}:{self.port}/{quote(self.database)}"

    @property
    def is_loopback(self) -> bool:
        """True for a Unix socket and for addresses that never leave the machine."""
        return _is_loopback(self.host)


def _is_loopback(host: str) -> bool:
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _refuse(what: str) -> SettingsError:
    return SettingsError(f"The warehouse's address is refused: {what}", setting="DATABASE_URL")


def from_url(url: str) -> ConnectionSettings:
    """Turn a ``postgresql://`` URL into settings.

    ``sslmode``, ``sslrootcert``, ``host`` (a socket's folder) and ``port`` are read from the query.
    Raises SettingsError for what is malformed or weaker than TLS on a host that is not loopback;
    its message never quotes the URL, since that may hold a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refuse(
            "it cannot be read. Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special "
            "characters of the password percent-encoded (@ is %40, / is %2F, # is %23)."
        ) from None
    if parts.scheme not in {"postgresql", "postgres"}:
        raise _refuse("it must begin with postgresql://")
    if parts.fragment:
        raise _refuse("it holds a '#'. Percent-encode special characters of the password (# is %23).")
    query = dict(parse_qsl(parts.query))
    unknown = set(query) - {"sslmode", "sslrootcert", "host", "port", "application_name"}
    if unknown:
        raise _refuse(f"unknown option {', '.join(sorted(unknown))}.")
    host = query.get("host") or unquote(parts.hostname or "") or "localhost"
    if "," in host:
        raise _refuse("it names several hosts; give one.")
    if not parts.path.strip("/"):
        raise _refuse("it names no database (…/postgres at its end).")
    if "port" in query and not query["port"].isdigit():
        raise _refuse("its port is not a number.")
    mode = query.get("sslmode") or ("prefer" if _is_loopback(host) else "require")
    settings = ConnectionSettings(
        host=host,
        port=port or int(query.get("port", 5432)),
        database=unquote(parts.path.strip("/")),
        user=unquote(parts.username or "postgres"),
        password=SecretStr(unquote(parts.password)) if parts.password else None,
        sslmode=mode,
        sslrootcert=query.get("sslrootcert"),
    )
    check_tls(settings)
    return settings


def check_tls(settings: ConnectionSettings) -> None:
    """Raise SettingsError if these settings would speak without TLS to a host that is not loopback."""
    if settings.sslmode not in SSL_MODES:
        raise _refuse(f"sslmode={settings.sslmode} is none of {', '.join(SSL_MODES)}.")
    if not settings.is_loopback and settings.sslmode not in _STRONG:
        raise _refuse(
            f"sslmode={settings.sslmode} would allow a connection to {settings.host} without TLS. "
            "Use sslmode=verify-full with sslrootcert=FILE (best), or sslmode=require."
        )


def check_for_loads(settings: ConnectionSettings) -> None:
    """Raise SettingsError for a transaction-mode pooler, which loads cannot use."""
    if settings.port == TRANSACTION_POOLER_PORT and not settings.host.startswith("/"):
        raise _refuse(
            "port 6543 is a transaction-mode pooler, where session settings do not last. Loads need the "
            "direct connection or the session pooler: the same address with port 5432."
        )


def _tls(settings: ConnectionSettings) -> Any:
    if settings.host.startswith("/"):
        return False
    if not settings.sslmode.startswith("verify"):
        return settings.sslmode
    try:
        context = ssl.create_default_context(cafile=settings.sslrootcert)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"The certificate file {settings.sslrootcert} cannot be read ({error}). "
            "Download it from your project's database settings.",
            setting="sslrootcert",
        ) from None
    context.check_hostname = settings.sslmode == "verify-full"
    return context


async def _connect_once(settings: ConnectionSettings, tls: Any, seconds: float) -> asyncpg.Connection:
    try:
        return await asyncpg.connect(
            host=settings.host,
            port=settings.port,
            user=settings.user,
            database=settings.database,
            password=settings.password.get_secret_value() if settings.password else None,
            ssl=tls,
            timeout=seconds,
            server_settings={
                "application_name": "prefect-retail",
                "TimeZone": "UTC",
                "statement_timeout": str(int(settings.statement_timeout * 1000)),
                "lock_timeout": str(int(settings.lock_timeout * 1000)),
            },
        )
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        raise translate(error, settings.display) from None


async def connect(settings: ConnectionSettings) -> asyncpg.Connection:
    """Open one connection, trying again with backoff and jitter only while the cause can pass.

    Raises WarehouseUnreachable once ``connect_seconds`` are used up, and at once what cannot pass:
    WrongPassword, DatabaseMissing, CertificateRefused, TlsRefused.
    """
    tls = _tls(settings)
    end = time.monotonic() + settings.connect_seconds

    def waiting(state: tenacity.RetryCallState) -> None:
        left = max(0, round(end - time.monotonic()))
        reason = state.outcome.exception() if state.outcome else ""
        progress.report("connect.waiting", f"{reason} Trying again for {left} s at most.")

    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception_type(ConnectionInterrupted),
        wait=tenacity.wait_exponential_jitter(multiplier=0.5, max=8, jitter=1),
        stop=lambda state: time.monotonic() + state.upcoming_sleep >= end,
        before_sleep=waiting,
    )
    try:
        async for attempt in retrying:
            with attempt:
                left = max(1.0, end - time.monotonic())
                return await _connect_once(settings, tls, min(15.0, left))
    except tenacity.RetryError as error:
        cause = error.last_attempt.exception()
        raise WarehouseUnreachable(
            f"No connection to {settings.display} within {settings.connect_seconds:g} s. Last answer: {cause} "
            "Check host and port, that the project is not paused, and (after wrong passwords) the "
            "Network Bans in its database settings.",
            warehouse=settings.display,
        ) from None
    raise AssertionError("unreachable: tenacity returns or raises")


@asynccontextmanager
async def connected(settings: ConnectionSettings) -> AsyncIterator[asyncpg.Connection]:
    """One connection for the block; what the driver raises inside leaves as an error of ours."""
    connection = await connect(settings)
    try:
        yield connection
        await connection.close(timeout=5)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError, TimeoutError) as error:
        raise translate(error, settings.display) from error
    finally:
        # After a cancelled await nothing more may be awaited: cut the connection, the server rolls back.
        if not connection.is_closed():
            connection.terminate()


def with_database(settings: ConnectionSettings, database: str) -> ConnectionSettings:
    """The same server and role, another database."""
    return replace(settings, database=database)
