"""Driver errors mapped to errors of this package: transient or terminal, each with a next step."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable

import asyncpg

from tasks import errors
from tasks.postgres.clear_text import ClearTextRequested

_TRANSACTION_POOLER = (
    "A transaction-mode pooler breaks sessions like this. Use the direct connection or a session-mode pooler "
    "(at Supabase: port 5432 instead of 6543)."
)
# InternalClientError: a command sent after the server announced the end of the session.
DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    ConnectionError,
    TimeoutError,
    asyncpg.InternalClientError,
)
# SQLSTATE classes of errors that a value causes: data exception, integrity constraint, program limit.
_DATA_CLASSES = frozenset({"22", "23", "54"})
_DATA_ADVICE = (
    "If somebody changed the tables (columns, constraints, triggers), undo that; else correct the delivery."
)
TOO_MANY_CONNECTIONS = "53300"
_BY_SQLSTATE: dict[str, tuple[type[errors.RetailError], str]] = {
    "28P01": (
        errors.WrongPassword,
        "Check user and password; wrong passwords are not retried.",
    ),
    "28000": (
        errors.WrongPassword,
        "Check user and password; wrong passwords are not retried.",
    ),
    "3D000": (errors.DatabaseMissing, "Check the database name at the end of DATABASE_URL."),
    "25006": (
        errors.ReadOnlyWarehouse,
        "The database is read-only (full disk, size limit, replica, or default_transaction_read_only of the role or the "
        "database). Free or buy space, use the primary's address, or reset that setting; then run again: no delivery is "
        "half-loaded.",
    ),
    "42501": (errors.RightsMissing, "Grant it to this role, or run as the owner of the schemas."),
    "53100": (errors.WarehouseError, "The database's disk is full. Free or buy space, then run again."),
    TOO_MANY_CONNECTIONS: (
        errors.ConnectionInterrupted,
        "All connections are in use. A run needs two, better three: end other sessions (pg_stat_activity), or raise the "
        "limit of the role or the database (alter role ... connection limit) or the server (max_connections).",
    ),
    "58030": (
        errors.WarehouseError,
        "The server cannot read or write its disk, which may be full. Then run again.",
    ),
    "57P03": (errors.ConnectionInterrupted, "The server is starting up or shutting down."),
    "57P01": (errors.ConnectionInterrupted, "The server was shut down."),
    "57P02": (errors.ConnectionInterrupted, "The server crashed and is restarting."),
    "55P03": (errors.WarehouseBusy, "Another session holds the lock; see pg_stat_activity."),
    "40P01": (errors.WarehouseBusy, "Deadlock with another session."),
    "40001": (errors.WarehouseBusy, "Serialization failure."),
    "26000": (errors.WarehouseError, _TRANSACTION_POOLER),
    "42P05": (errors.WarehouseError, _TRANSACTION_POOLER),
    "25P04": (
        errors.WarehouseError,
        "The transaction exceeded the server's transaction_timeout. Raise it for this role (alter role ... set "
        "transaction_timeout), then run again: no delivery is half-loaded.",
    ),
    "57014": (
        errors.WarehouseError,
        "The statement exceeded its time limit, or was cancelled. Look for locks in pg_stat_activity, or raise "
        "RETAIL_STATEMENT_TIMEOUT_MINUTES (the block's statement time limit), then run again.",
    ),
}


def is_tls_refused(error: BaseException) -> bool:
    """Return whether the server answered that it does not support TLS."""
    return isinstance(error, ConnectionError) and "rejected SSL upgrade" in str(error)


def _message(error: BaseException) -> str:
    """Return the primary message; str() of a server error adds its detail, which can quote a row."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, asyncpg.DataError) and getattr(error, "severity", None) is None:
        return "a value does not fit its column."  # the driver's own message quotes the value
    if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError):
        return str(error.args[0]) if error.args else ""
    return str(error)


def _is_connection_refused(error: BaseException) -> bool:
    if isinstance(error, ConnectionRefusedError | FileNotFoundError):
        return True
    # asyncio's error for a host name with several addresses that all refuse.
    return isinstance(error, OSError) and str(error).count(f"[Errno {errno.ECONNREFUSED}]") > 1


def _is_pool_full(error: BaseException) -> bool:
    # Supavisor's own errors all have the SQLSTATE XX000.
    return isinstance(error, asyncpg.InternalServerError) and "max clients reached" in str(error)


def _is_dropped_meanwhile(error: BaseException) -> bool:
    phrases = ("could not open relation with OID", "cache lookup failed for")
    return isinstance(error, asyncpg.InternalServerError) and any(phrase in str(error) for phrase in phrases)


def _message_contains(*phrases: str) -> Callable[[BaseException], bool]:
    """Match errors of poolers, whose SQLSTATEs are misleading or missing."""
    return lambda error: (
        isinstance(error, asyncpg.PostgresError) and any(phrase in str(error).lower() for phrase in phrases)
    )


def _is_connection_lost(error: BaseException) -> bool:
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError):
        # "another operation": the driver has not noticed yet that the connection is gone.
        return any(phrase in str(error) for phrase in ("closed", "another operation"))
    return isinstance(error, OSError | asyncpg.PostgresConnectionError)


# For errors without a specific SQLSTATE the first match counts; {0} is the error's message.
_BY_PREDICATE: tuple[tuple[Callable[[BaseException], bool], type[errors.RetailError], str, str], ...] = (
    (
        lambda error: isinstance(error, ssl.SSLCertVerificationError),
        errors.CertificateRefused,
        "its certificate does not verify ({0}).",
        "Set sslrootcert to the project's CA file, and write the host name exactly as in the certificate.",
    ),
    (
        is_tls_refused,
        errors.TlsRefused,
        "the server does not support TLS, which is required for every host but this machine.",
        "Check host and port; on your own server, set ssl = on and install a certificate.",
    ),
    (
        lambda error: isinstance(error, ClearTextRequested),
        errors.ClearTextPasswordRefused,
        "the server asks for the password in clear text, and nothing proves that it is the server that is meant. The "
        "password was not sent.",
        "Use sslmode=verify-full with the project's CA certificate as sslrootcert, or have the server ask for "
        "scram-sha-256 (pg_hba.conf).",
    ),
    (
        lambda error: isinstance(error, socket.gaierror),
        errors.ConnectionInterrupted,
        "the host name cannot be resolved (IPv6 only, or mistyped?).",
        "",
    ),
    (_is_connection_refused, errors.ConnectionInterrupted, "connection refused: nothing listens there.", ""),
    (
        lambda error: isinstance(error, PermissionError),
        errors.WarehouseUnreachable,
        "this user has no permission to open its socket.",
        "",
    ),
    (lambda error: isinstance(error, TimeoutError), errors.ConnectionInterrupted, "no answer in time.", ""),
    (
        _message_contains(
            "authentication failed", "no such user", "tenant or user not found", "too many authentication"
        ),
        errors.WrongPassword,
        "the pooler rejected the user or the password ({0}).",
        "Check user (ROLE.PROJECT on Supabase's shared pooler) and password; wrong passwords are not retried.",
    ),
    (
        _message_contains("no such database"),
        errors.DatabaseMissing,
        "the pooler does not know the database ({0}).",
        "Check the database name at the end of DATABASE_URL.",
    ),
    (_is_pool_full, errors.ConnectionInterrupted, "all connections of the pooler are in use.", ""),
    (
        _is_dropped_meanwhile,
        errors.WarehouseBusy,
        "something was dropped or replaced while it was read ({0}).",
        "Run it again when the restore or the upgrade there has ended.",
    ),
    (_is_connection_lost, errors.ConnectionInterrupted, "the connection was lost ({0}).", ""),
)


def map_driver_error(error: BaseException, warehouse: str) -> errors.RetailError:
    """Map an error of asyncpg or the socket to an error of this package.

    The server's message is kept; its detail, which can quote a row, is dropped.

    Args:
        error: Error raised by asyncpg or the socket.
        warehouse: URL of the warehouse without the password.
    """
    sqlstate = getattr(error, "sqlstate", None)
    if sqlstate in _BY_SQLSTATE:
        error_type, next_step = _BY_SQLSTATE[sqlstate]
        return error_type(f"{error.args[0]}.", next_step, warehouse=warehouse, sqlstate=sqlstate)
    if sqlstate is not None and sqlstate[:2] in _DATA_CLASSES:
        return errors.DataRejected(
            f"{_message(error).rstrip('.')}.", _DATA_ADVICE, warehouse=warehouse, sqlstate=sqlstate
        )
    for is_match, error_type, what, next_step in _BY_PREDICATE:
        if is_match(error):
            return error_type(what.format(_message(error)), next_step, warehouse=warehouse)
    return errors.WarehouseError(
        f"{type(error).__name__}: {_message(error)}", warehouse=warehouse, sqlstate=sqlstate
    )
