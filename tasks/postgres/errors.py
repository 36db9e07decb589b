"""Driver errors to errors of ours: what can pass, what cannot, and what to do next."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable

import asyncpg

from tasks import errors

_TRANSACTION_POOLER = (
    "This is what a transaction-mode pooler does to sessions. Use the direct connection or a session-mode pooler "
    "(at Supabase: port 5432 in place of 6543)."
)
# What the driver raises; the last for a command that comes after the server's word that it ends the session, and
# before the connection's end.
DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    ConnectionError,
    TimeoutError,
    asyncpg.InternalClientError,
)
_BY_SQLSTATE: dict[str, tuple[type[errors.RetailError], str]] = {
    "28P01": (errors.WrongPassword, "Check user and password in DATABASE_URL; it is not tried again."),
    "28000": (errors.WrongPassword, "Check user and password in DATABASE_URL; it is not tried again."),
    "3D000": (errors.DatabaseMissing, "Check the database's name at the end of DATABASE_URL."),
    "25006": (
        errors.ReadOnlyWarehouse,
        "The database is read-only (a full disk, a size limit, or a replica). Free or buy space, or use the "
        "primary's address; then run again: nothing was half-loaded.",
    ),
    "42501": (errors.RightsMissing, "Grant it to this role, or run as the owner of the schemas."),
    "53100": (errors.WarehouseError, "The database's disk is full. Free or buy space, then run again."),
    "53300": (errors.ConnectionInterrupted, "All connections are taken."),
    "57P03": (errors.ConnectionInterrupted, "The server is starting up or shutting down."),
    "57P01": (errors.ConnectionInterrupted, "The server was shut down."),
    "57P02": (errors.ConnectionInterrupted, "The server crashed and restarts."),
    "55P03": (errors.WarehouseBusy, "Another session holds a lock for too long; see pg_stat_activity."),
    "40P01": (errors.WarehouseBusy, "A deadlock with another session."),
    "40001": (errors.WarehouseBusy, "A serialization failure."),
    "26000": (errors.WarehouseError, _TRANSACTION_POOLER),
    "42P05": (errors.WarehouseError, _TRANSACTION_POOLER),
    "57014": (
        errors.WarehouseError,
        "The statement took longer than its time limit, or somebody ended it. See pg_stat_activity for what it waited "
        "for, or raise RETAIL_STATEMENT_TIMEOUT_MINUTES (the block's statement time limit), then run again.",
    ),
}


def is_tls_refused(error: BaseException) -> bool:
    """True if the server answered that it does not speak TLS."""
    return isinstance(error, ConnectionError) and "rejected SSL upgrade" in str(error)


def _message(error: BaseException) -> str:
    """The message alone: str() of a server's error adds its detail."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, asyncpg.DataError) and getattr(error, "severity", None) is None:
        return "a value does not fit its column."  # the driver's own message quotes the value
    if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError):
        return str(error.args[0]) if error.args else ""
    return str(error)


def _nothing_listens(error: BaseException) -> bool:
    if isinstance(error, ConnectionRefusedError | FileNotFoundError):
        return True
    # What asyncio raises when a name has several addresses and each of them refuses.
    return isinstance(error, OSError) and str(error).count(f"[Errno {errno.ECONNREFUSED}]") > 1


def _pool_is_full(error: BaseException) -> bool:
    # Supavisor's own refusals all have the state XX000.
    return isinstance(error, asyncpg.InternalServerError) and "max clients reached" in str(error)


def _says(*words: str) -> Callable[[BaseException], bool]:
    """For poolers, whose refusals have states of other errors or of none."""
    return lambda error: (
        isinstance(error, asyncpg.PostgresError) and any(word in str(error).lower() for word in words)
    )


def _is_lost(error: BaseException) -> bool:
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError):
        # The second until the driver has seen the connection end.
        return any(words in str(error) for words in ("closed", "another operation"))
    return isinstance(error, OSError | asyncpg.PostgresConnectionError)


# The first that fits an error without a telling SQLSTATE; {0} is its message.
_BY_KIND: tuple[tuple[Callable[[BaseException], bool], type[errors.RetailError], str, str], ...] = (
    (
        lambda error: isinstance(error, ssl.SSLCertVerificationError),
        errors.CertificateRefused,
        "its certificate does not verify ({0}).",
        "Give the project's own CA file as sslrootcert, and the host name exactly as the certificate has it.",
    ),
    (
        is_tls_refused,
        errors.TlsRefused,
        "the server does not speak TLS, which is required for hosts other than this machine.",
        "Check host and port; a server of your own needs ssl = on and a certificate.",
    ),
    (
        lambda error: isinstance(error, socket.gaierror),
        errors.ConnectionInterrupted,
        "the host name cannot be resolved (IPv6 only, or mistyped?).",
        "",
    ),
    (_nothing_listens, errors.ConnectionInterrupted, "connection refused: nothing listens there.", ""),
    (
        lambda error: isinstance(error, PermissionError),
        errors.WarehouseUnreachable,
        "this user may not open its socket.",
        "",
    ),
    (lambda error: isinstance(error, TimeoutError), errors.ConnectionInterrupted, "no answer in time.", ""),
    (
        _says("authentication failed", "no such user", "tenant or user not found", "too many authentication"),
        errors.WrongPassword,
        "the pooler rejected the user or the password ({0}).",
        "Check user (ROLE.PROJECT on Supabase's shared pooler) and password in DATABASE_URL; it is not retried.",
    ),
    (
        _says("no such database"),
        errors.DatabaseMissing,
        "the pooler knows no such database ({0}).",
        "Check the name at the end of DATABASE_URL.",
    ),
    (_pool_is_full, errors.ConnectionInterrupted, "all connections of its pooler are taken.", ""),
    (_is_lost, errors.ConnectionInterrupted, "the connection was lost ({0}).", ""),
)


def map_driver_error(error: BaseException, warehouse: str) -> errors.RetailError:
    """Map what asyncpg or the socket raised to an error of ours, naming the warehouse's address.

    ``warehouse`` is the address without a password. The server's own message is kept, its detail
    (which may quote a row) is not.
    """
    state = getattr(error, "sqlstate", None)
    if state in _BY_SQLSTATE:
        kind, advice = _BY_SQLSTATE[state]
        return kind(f"{error.args[0]}.", advice, warehouse=warehouse, sqlstate=state)
    for matches, kind, what, advice in _BY_KIND:
        if matches(error):
            return kind(what.format(_message(error)), advice, warehouse=warehouse)
    return errors.WarehouseError(
        f"{type(error).__name__}: {_message(error)}", warehouse=warehouse, sqlstate=state
    )
