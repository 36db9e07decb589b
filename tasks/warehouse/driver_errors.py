"""Driver errors to errors of ours: what can pass, what cannot, and what to do next."""

from __future__ import annotations

import socket
import ssl

import asyncpg

from tasks import errors

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
    "57014": (errors.WarehouseError, "The statement took longer than its time limit and was ended."),
}


def _plain_cause(error: BaseException) -> errors.RetailError | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return errors.CertificateRefused(
            f"its certificate does not verify ({error.verify_message}). Give the project's own CA file as "
            "sslrootcert, and the host name exactly as the certificate has it.",
        )
    if isinstance(error, ConnectionError) and "rejected SSL upgrade" in str(error):
        return errors.TlsRefused("the server does not speak TLS, which is required off this machine.")
    if isinstance(error, socket.gaierror):
        return errors.ConnectionInterrupted("the host name cannot be resolved (IPv6 only, or mistyped?).")
    if isinstance(error, ConnectionRefusedError | FileNotFoundError):
        return errors.ConnectionInterrupted("connection refused: nothing listens there.")
    if isinstance(error, TimeoutError):
        return errors.ConnectionInterrupted("no answer in time.")
    if isinstance(error, OSError | asyncpg.InterfaceError | asyncpg.PostgresConnectionError):
        return errors.ConnectionInterrupted("the connection was lost.")
    return None


def translate(error: BaseException, warehouse: str) -> errors.RetailError:
    """Map what asyncpg or the socket raised to an error of ours, naming the warehouse's address.

    ``warehouse`` is the address without a password. The server's own message is kept, its detail
    (which may quote a row) is not.
    """
    state = getattr(error, "sqlstate", None)
    if state in _BY_SQLSTATE:
        kind, advice = _BY_SQLSTATE[state]
        return kind(f"{warehouse}: {error.args[0]}. {advice}", warehouse=warehouse, sqlstate=state)
    plain = _plain_cause(error)
    if plain is not None:
        return type(plain)(f"{warehouse}: {plain.message}", warehouse=warehouse)
    return errors.WarehouseError(
        f"{warehouse}: {type(error).__name__}: {error.args[0] if error.args else ''}",
        warehouse=warehouse,
        sqlstate=state,
    )
