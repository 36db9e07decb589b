"""Connections to Postgres: the TLS rule, retries, and driver errors mapped to errors of this package.

Every connection is opened here, with TLS unless the host is loopback, and without a password in clear text to a
server that is not verified (see ``clear_text``). Loads use plain asyncpg connections with transactions of their own:
COPY on a connection borrowed from SQLAlchemy commits by itself.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from weakref import WeakSet

import asyncpg
import tenacity

from tasks import progress
from tasks.errors import (
    ConnectionInterrupted,
    RetailError,
    SettingsError,
    WarehouseUnreachable,
    WrongPassword,
)
from tasks.postgres import patience
from tasks.postgres.clear_text import clear_text_refused
from tasks.postgres.connection_limit import connection_limit
from tasks.postgres.credentials import origin_of_credentials
from tasks.postgres.errors import DRIVER_ERRORS, TOO_MANY_CONNECTIONS, is_tls_refused, map_driver_error
from tasks.postgres.kept import close, kept_connections
from tasks.postgres.protocol import ensure_installed
from tasks.postgres.settings import ConnectionSettings, check_tls, from_url, with_database
from tasks.postgres.supabase import check_for_loads, network_ban_advice

__all__ = [
    "ConnectionSettings",
    "check_for_loads",
    "check_tls",
    "connect",
    "connected",
    "driver_errors_mapped",
    "from_url",
    "with_database",
]

# search_path: names resolve to pg_catalog and to schemas that a statement names, so that no operator or function that
# another role planted in a schema of the role's own path is called.
# Keepalives: with TCP's default of two hours, a loader that vanished would hold the load lock for as long.
# Read committed: at stricter levels a loader would not see the rows committed while it waited for that lock.
# JIT: estimates of many queries in one statement, of unnest and of branches that are not taken would have statements
# compiled for longer than they run.
_SESSION = (
    "set search_path=pg_catalog,pg_temp;"
    # Known from Postgres 17 on; a plain SET fails before.
    "select set_config('transaction_timeout','0',false)"
    "where current_setting('transaction_timeout',true)>'';"
    "set timezone=UTC;set jit=off;set idle_in_transaction_session_timeout=0;"
    "set default_transaction_isolation='read committed';"
    "set tcp_keepalives_idle=60;set tcp_keepalives_interval=10;set tcp_keepalives_count=6;"
    # The answer is in the tag of the last command.
    "select from pg_namespace where nspname='retail_ops'"
)
_NO_SCHEMA = "SELECT 0"
# Connections to databases that were without our schemas, in the block that opened them.
_new: WeakSet[asyncpg.Connection] = WeakSet()
_LAST_ATTEMPT_SECONDS = 0.5  # reserved for a last attempt before the deadline


def _tls_context(settings: ConnectionSettings) -> ssl.SSLContext | None:
    """Build the TLS context, None for no TLS. As in libpq, ``require`` with a CA file means ``verify-ca``."""
    check_tls(settings)
    if settings.host.startswith("/") or settings.sslmode == "disable":
        return None
    if not settings.sslmode.startswith("verify") and not settings.sslrootcert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    certificates = settings.sslrootcert
    is_pem = bool(certificates and "-----BEGIN" in certificates)
    try:
        context = ssl.create_default_context(
            cafile=None if is_pem else certificates, cadata=certificates if is_pem else None
        )
    except (OSError, ssl.SSLError) as error:
        source = "The CA certificate text" if is_pem else f"The CA certificate file {certificates}"
        raise SettingsError(
            f"{source} cannot be read ({error}).",
            "Download the certificate from your project's database settings.",
            setting="sslrootcert",
        ) from None
    # Python 3.13 checks more than libpq and rejects private CAs that libpq accepts.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = settings.sslmode == "verify-full"
    return context


async def _open(
    settings: ConnectionSettings, tls: ssl.SSLContext | None, seconds: float
) -> asyncpg.Connection:
    with clear_text_refused(settings):
        connection = await asyncpg.connect(
            host=settings.host,
            port=settings.port,
            user=settings.user,
            database=settings.database,
            password=settings.password.get_secret_value() if settings.password else None,
            ssl=tls or False,
            direct_tls=False,
            target_session_attrs="any",
            timeout=seconds,
            # statement_timeout ends a long statement; this covers a server that disappeared silently.
            command_timeout=settings.statement_timeout + 60 if settings.statement_timeout else None,
            server_settings={"application_name": "prefect-retail"},
        )
    ready = False
    try:
        ensure_installed(connection)
        # Not in the start-up message: there Supavisor drops these settings and PgBouncer rejects them.
        answer = await connection.execute(
            f"set statement_timeout={int(settings.statement_timeout * 1000)};"
            f"set lock_timeout={int(settings.lock_timeout * 1000)};{_SESSION}",
            timeout=seconds,
        )
        if answer == _NO_SCHEMA:
            _new.add(connection)
        ready = True
    finally:
        if not ready:  # rejected, or the await was cancelled
            connection.terminate()
    return connection


def is_new(connection: asyncpg.Connection) -> bool:
    """Whether the database was without our schemas when the block around opened this connection."""
    return connection in _new


async def _connect_once(
    settings: ConnectionSettings, tls: ssl.SSLContext | None, seconds: float
) -> asyncpg.Connection:
    slow_notice = asyncio.get_running_loop().call_later(
        3, progress.report, "connect.waiting", f"{settings.display} has not answered yet."
    )
    try:
        try:
            return await _open(settings, tls, seconds)
        except ConnectionError as error:
            # asyncpg's own "prefer" tries a wrong password twice, with TLS and without.
            if settings.sslmode not in {"allow", "prefer"} or not is_tls_refused(error):
                raise
        return await _open(settings, None, seconds)
    except (*DRIVER_ERRORS, OSError) as error:
        mapped_error = map_driver_error(error, settings.display)
        if isinstance(mapped_error, WrongPassword):
            advice = [mapped_error.next_step, origin_of_credentials(settings), network_ban_advice(settings)]
            mapped_error = WrongPassword(
                mapped_error.what,
                " ".join(filter(None, advice)),
                **mapped_error.attributes,
            )
        raise mapped_error from None
    finally:
        slow_notice.cancel()


async def connect(settings: ConnectionSettings) -> asyncpg.Connection:
    """Open a connection; retry transient errors with backoff and jitter.

    The connection counts against this process's connection limit until it is closed. Until the first login
    succeeds, no second connection is attempted in parallel.

    Raises:
        WarehouseUnreachable: no connection within ``connect_seconds``.
        WarehouseBusy: the connection limit left no slot within ``connect_seconds``.
        WrongPassword, DatabaseMissing, CertificateRefused, TlsRefused: immediately, without a retry.
    """
    tls = _tls_context(settings)
    limit = connection_limit(settings)
    await limit.acquire(settings)
    is_open = False
    try:
        async with limit.first_login():
            connection = await _connect_with_retry(settings, tls)
        limit.release_on_close(connection)
        is_open = True
    except WrongPassword:
        limit.login_succeeded = False
        raise
    finally:
        if not is_open:
            limit.slots.release()
    return connection


async def _connect_with_retry(settings: ConnectionSettings, tls: ssl.SSLContext | None) -> asyncpg.Connection:
    deadline = time.monotonic() + patience.patience(settings)

    def report_retry(state: tenacity.RetryCallState) -> None:
        left = max(0, round(deadline - time.monotonic()))
        reason = state.outcome.exception() if state.outcome else ""
        progress.report("connect.waiting", f"{reason} Retrying for up to {left} s.")

    def seconds_before_last_attempt() -> float:
        return deadline - time.monotonic() - _LAST_ATTEMPT_SECONDS

    backoff = tenacity.wait_exponential_jitter(
        multiplier=settings.backoff_seconds,
        max=settings.backoff_max_seconds,
        jitter=2 * settings.backoff_seconds,
    )
    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception_type(ConnectionInterrupted),
        wait=lambda state: max(0.0, min(backoff(state), seconds_before_last_attempt())),
        stop=lambda _: seconds_before_last_attempt() <= 0 or patience.is_gone(settings),
        before_sleep=report_retry,
    )
    try:
        async for attempt in retrying:
            with attempt:
                seconds = max(0.1, min(15.0, deadline - time.monotonic()))
                connection = await _connect_once(settings, tls, seconds)
                patience.mark_reached(settings)
                return connection
    except tenacity.RetryError as error:
        patience.mark_gone(settings)
        last = error.last_attempt.exception()
        cause = last.reason if isinstance(last, RetailError) else ""
        if isinstance(last, RetailError) and last.attributes.get("sqlstate") == TOO_MANY_CONNECTIONS:
            raise WarehouseUnreachable(
                f"no connection within {settings.connect_seconds:g} s: {last.what}",
                last.next_step,
                warehouse=settings.display,
            ) from None
        raise WarehouseUnreachable(
            f"no connection within {settings.connect_seconds:g} s. Last error: {cause}",
            f"Check host and port, and that the project is not paused. {network_ban_advice(settings)}".rstrip(),
            warehouse=settings.display,
        ) from None
    raise AssertionError("unreachable: tenacity returns or raises")


@contextmanager
def driver_errors_mapped(settings: ConnectionSettings) -> Iterator[None]:
    """Map errors that the driver raises inside the block to errors of this package."""
    try:
        yield
    except DRIVER_ERRORS as error:
        raise map_driver_error(error, settings.display) from error


@asynccontextmanager
async def connected(settings: ConnectionSettings) -> AsyncIterator[asyncpg.Connection]:
    """Open a connection for the block and map the driver's errors inside it; see ``connect``.

    Inside ``keeping_connections`` it is one that is idle, if there is one, and stays open for the next block.
    """
    kept = kept_connections()
    connection = (await kept.take(settings) if kept else None) or await connect(settings)
    is_kept = False
    try:
        with driver_errors_mapped(settings):
            yield connection
        if kept and not connection.is_closed() and not connection.is_in_transaction():
            _new.discard(connection)
            kept.give_back(settings, connection)
            is_kept = True
        else:
            await close(connection)
    finally:
        # After an error, also a cancelled await, the connection's state is unknown: the server rolls back.
        if not is_kept and not connection.is_closed():
            connection.terminate()
