"""The only way to Postgres: the TLS rule, the connection retry, the mapping of errors.

A host that is not loopback is spoken to with TLS only. Connections are plain asyncpg ones with
their own transactions (COPY on a connection borrowed from SQLAlchemy commits by itself).
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

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
from tasks.postgres.connection_limit import connection_limit
from tasks.postgres.errors import DRIVER_ERRORS, is_tls_refused, map_driver_error
from tasks.postgres.settings import ConnectionSettings, check_tls, from_url, with_database
from tasks.postgres.supabase import advice_on_refusal, check_for_loads

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

# A machine that vanished must not hold the load lock for the two hours that TCP gives it by default. Who waited for
# that lock must see what was committed meanwhile: at stricter isolation levels it would see what was there before.
# Names resolve to pg_catalog and to schemas that a statement names: an operator or function that another role planted
# in a schema of the role's own path is never called.
_SESSION = (
    "set search_path = pg_catalog, pg_temp; "
    "set timezone = 'UTC'; set idle_in_transaction_session_timeout = 0; "
    "set default_transaction_isolation = 'read committed'; "
    "set tcp_keepalives_idle = 60; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 6"
)
_LAST_TRY = 0.5  # seconds that are kept for a last try at the end of the time


def _tls(settings: ConnectionSettings) -> ssl.SSLContext | None:
    """How to speak TLS, or None for no TLS. As in libpq, ``require`` with a CA file is ``verify-ca``."""
    check_tls(settings)
    if settings.host.startswith("/") or settings.sslmode == "disable":
        return None
    if not settings.sslmode.startswith("verify") and not settings.sslrootcert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    given = settings.sslrootcert
    is_text = bool(given and "-----BEGIN" in given)
    try:
        context = ssl.create_default_context(
            cafile=None if is_text else given, cadata=given if is_text else None
        )
    except (OSError, ssl.SSLError) as error:
        what = "The certificate given as text" if is_text else f"The certificate file {given}"
        raise SettingsError(
            f"{what} cannot be read ({error}).",
            "Download it from your project's database settings.",
            setting="sslrootcert",
        ) from None
    # Python 3.13 asks more of certificates than libpq does, and refuses private CAs that libpq accepts.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = settings.sslmode == "verify-full"
    return context


async def _open(
    settings: ConnectionSettings, tls: ssl.SSLContext | None, seconds: float
) -> asyncpg.Connection:
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
        # The server ends a long statement; this is for a server that has gone without a word.
        command_timeout=settings.statement_timeout + 60 if settings.statement_timeout else None,
        server_settings={"application_name": "prefect-retail"},
    )
    ready = False
    try:
        # In the start-up message session poolers would drop these (Supavisor) or refuse them (PgBouncer).
        await connection.execute(
            f"set statement_timeout = {int(settings.statement_timeout * 1000)}; "
            f"set lock_timeout = {int(settings.lock_timeout * 1000)}; {_SESSION}",
            timeout=seconds,
        )
        ready = True
    finally:
        if not ready:  # refused, or the await was cancelled
            connection.terminate()
    return connection


async def _connect_once(
    settings: ConnectionSettings, tls: ssl.SSLContext | None, seconds: float
) -> asyncpg.Connection:
    late = asyncio.get_running_loop().call_later(
        3, progress.report, "connect.waiting", f"{settings.display} has not answered yet."
    )
    try:
        try:
            return await _open(settings, tls, seconds)
        except ConnectionError as error:
            # asyncpg's own prefer would try a wrong password twice, with TLS and without.
            if settings.sslmode not in {"allow", "prefer"} or not is_tls_refused(error):
                raise
        return await _open(settings, None, seconds)
    except (*DRIVER_ERRORS, OSError) as error:
        mapped_error = map_driver_error(error, settings.display)
        if isinstance(mapped_error, WrongPassword):
            mapped_error = WrongPassword(
                mapped_error.what,
                mapped_error.next_step + advice_on_refusal(settings),
                **mapped_error.attributes,
            )
        raise mapped_error from None
    finally:
        late.cancel()


async def connect(settings: ConnectionSettings) -> asyncpg.Connection:
    """Open one connection, trying again with backoff and jitter only while the cause can pass.

    It counts against the process's budget of connections until it is closed, and until one has succeeded
    no second one is tried beside it.
    Raises WarehouseUnreachable once ``connect_seconds`` are used up, WarehouseBusy if no place in the
    budget became free, and at once what cannot pass: WrongPassword, DatabaseMissing, CertificateRefused,
    TlsRefused.
    """
    tls = _tls(settings)
    limit = connection_limit(settings)
    await limit.acquire(settings)
    connection_holds_it = False
    try:
        async with limit.first_login():
            connection = await _connect_patiently(settings, tls)
        limit.release_on_close(connection)
        connection_holds_it = True
    except WrongPassword:
        limit.proven = False
        raise
    finally:
        if not connection_holds_it:
            limit.places.release()
    return connection


async def _connect_patiently(settings: ConnectionSettings, tls: ssl.SSLContext | None) -> asyncpg.Connection:
    end = time.monotonic() + settings.connect_seconds

    def waiting(state: tenacity.RetryCallState) -> None:
        left = max(0, round(end - time.monotonic()))
        reason = state.outcome.exception() if state.outcome else ""
        progress.report("connect.waiting", f"{reason} Trying again for {left} s at most.")

    def left_for_another() -> float:
        return end - time.monotonic() - _LAST_TRY

    backoff = tenacity.wait_exponential_jitter(
        multiplier=settings.backoff_seconds,
        max=settings.backoff_max_seconds,
        jitter=2 * settings.backoff_seconds,
    )
    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception_type(ConnectionInterrupted),
        wait=lambda state: max(0.0, min(backoff(state), left_for_another())),
        stop=lambda _: left_for_another() <= 0,
        before_sleep=waiting,
    )
    try:
        async for attempt in retrying:
            with attempt:
                return await _connect_once(settings, tls, max(0.1, min(15.0, end - time.monotonic())))
    except tenacity.RetryError as error:
        last = error.last_attempt.exception()
        cause = last.reason if isinstance(last, RetailError) else ""
        raise WarehouseUnreachable(
            f"no connection within {settings.connect_seconds:g} s. Last answer: {cause}",
            f"Check host and port, and that the project is not paused.{advice_on_refusal(settings)}",
            warehouse=settings.display,
        ) from None
    raise AssertionError("unreachable: tenacity returns or raises")


@contextmanager
def driver_errors_mapped(settings: ConnectionSettings) -> Iterator[None]:
    """What the driver raises inside leaves as an error of ours."""
    try:
        yield
    except DRIVER_ERRORS as error:
        raise map_driver_error(error, settings.display) from error


@asynccontextmanager
async def connected(settings: ConnectionSettings) -> AsyncIterator[asyncpg.Connection]:
    """One connection for the block; what the driver raises inside leaves as an error of ours."""
    connection = await connect(settings)
    try:
        with driver_errors_mapped(settings):
            yield connection
        # The work is done and committed: a farewell that fails must not make it look as if it were not.
        with suppress(*DRIVER_ERRORS, OSError):
            await connection.close(timeout=5)
    finally:
        # After a cancelled await nothing more may be awaited: cut the connection, the server rolls back.
        if not connection.is_closed():
            connection.terminate()
