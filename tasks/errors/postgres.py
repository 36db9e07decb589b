"""Errors of the database, its connections and the embedded server."""

from __future__ import annotations

from tasks.errors.root import Terminal, Transient


class ConnectionInterrupted(Transient):
    """The database refused, reset or dropped a connection."""

    subject = "warehouse"


class WarehouseBusy(Transient):
    """A lock timeout, a deadlock or a serialization failure."""

    subject = "warehouse"


class WarehouseError(Terminal):
    """The database rejected a statement or the connection. Attributes: ``warehouse``, ``sqlstate`` if known."""

    subject = "warehouse"


class WarehouseUnreachable(WarehouseError):
    """No connection within the time limit."""


class WrongPassword(WarehouseError):
    """The database rejected the user or the password. Never retried."""


class DatabaseMissing(WarehouseError):
    """The server has no database of this name."""


class CertificateRefused(WarehouseError):
    """The server's certificate cannot be verified."""


class TlsRefused(WarehouseError):
    """The server does not offer TLS, but TLS is required."""


class ClearTextPasswordRefused(WarehouseError):
    """The server asks for the password in clear text and is not verified. The password was not sent."""


class ReadOnlyWarehouse(WarehouseError):
    """The database is read-only."""


class RightsMissing(WarehouseError):
    """The role lacks a right that the step needs."""


class DataRejected(WarehouseError):
    """The database rejects a value: too long for an index, not in its encoding, against a constraint of others."""


class EmbeddedServerError(Terminal):
    """The embedded Postgres cannot be set up, started or stopped. Attribute: ``folder``."""

    # The end of the server's log.
    keep = "\n\t"
