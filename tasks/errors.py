"""Every error the package raises on purpose.

RetailError
    Transient                   may pass by itself: Prefect retries the task
        ConnectionInterrupted   the database refused, reset or dropped a connection
        WarehouseBusy           a lock or a deadlock stood in the way
        DeliveryChanged         a file changed while it was read
        ChannelUnreachable      a channel for alerts does not answer (it is an AlertNotDelivered too)
        AlertMemoryUnreachable  who was told of what cannot be read or written
    Terminal                    will not pass by itself: never retried
        SettingsError           a setting is wrong, or refused (exit code 2)
            FeedConflict        a run asks for other settings than the feed has
        DeliveryError           one delivery cannot be taken; the others go on
            DeliveryMissing, DeliveryEmpty, UnknownHeader, DeliveryUnreadable,
            DateFormatUnclear, ReplacementRefused
        ContractBroken          a rule of the contract itself raised
        WorkspaceFull           the disk of the workspace is full, or cannot be written
        WarehouseError          the database said no
            WarehouseUnreachable, WrongPassword, DatabaseMissing, CertificateRefused,
            TlsRefused, ReadOnlyWarehouse, RightsMissing
        ChannelRefused          a channel for alerts said no (it is an AlertNotDelivered too)
        PrefectUnreachable      the Prefect API gives no answer
        EmbeddedServerError     the embedded Postgres cannot be started
        ProblemsFound           the doctor found what would stop a run
        RunFailed               raised at the end of a run, after the rest has loaded
            DeliveriesFailed    (exit code 1)
            QualityBelowThreshold (exit code 3)

A message tells what happened, to which delivery, table or database, and what to do next.
No message ever holds a password.
"""

from __future__ import annotations

from typing import Any, Self


def escape_unprintable(name: str) -> str:
    r"""A name from outside on one line: what is no printable character as its escape, a line break as ``\n``.

    A file's name could otherwise pose as a line of a message, or steer a terminal.
    """
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in name)


class RetailError(Exception):
    """Base of all errors; keyword arguments become attributes and survive pickling."""

    def __init__(self, message: str, **attributes: Any) -> None:
        super().__init__(message)
        self.message = message
        self.attributes = attributes
        for name, value in attributes.items():
            setattr(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.attributes)

    def __str__(self) -> str:
        return self.message


def _rebuild(kind: type[RetailError], message: str, attributes: dict[str, Any]) -> RetailError:
    return kind(message, **attributes)


class Transient(RetailError):
    """May pass by itself; Prefect's task retries try again."""


class ConnectionInterrupted(Transient):
    """The database refused, reset or dropped a connection."""


class WarehouseBusy(Transient):
    """A lock time-out, a deadlock or a serialization failure."""


class DeliveryChanged(Transient):
    """A file's bytes changed between two readings of one run. Attribute: ``delivery``."""


class AlertStoreUnreachable(Transient):
    """Who was told of what cannot be read or written now."""


class Terminal(RetailError):
    """Will not pass by itself; never retried."""


class SettingsError(Terminal):
    """A setting is wrong or refused. Attribute: ``setting``."""


class FeedConflict(SettingsError):
    """The run asks for other settings than the feed was first loaded with. Attribute: ``feed``."""


class DeliveryError(Terminal):
    """One delivery cannot be taken; the others go on. Attribute: ``delivery`` (its name)."""

    delivery: str

    @classmethod
    def of(cls, delivery: str, what: str) -> Self:
        """Build the error for the delivery of that name; ``what`` says cause and next step."""
        return cls(f"{escape_unprintable(delivery)}: {what}", delivery=delivery)


class DeliveryMissing(DeliveryError):
    """Nothing is there under the given path or pattern."""


class DeliveryEmpty(DeliveryError):
    """A file without a byte, or with a header and no line."""


class UnknownHeader(DeliveryError):
    """The header names neither of the two known families of columns."""


class DeliveryUnreadable(DeliveryError):
    """Not a text or Parquet file, truncated, or not permitted to be read."""


class DateFormatUnclear(DeliveryError):
    """Slashed or dotted dates that several formats, or none, can read."""


class ReplacementRefused(DeliveryError):
    """A replacement would withdraw too many lines. Attributes: ``withdrawn``, ``held``."""


class ContractBroken(Terminal):
    """A rule of the contract raised instead of judging. Attribute: ``rule``."""


class WorkspaceFull(Terminal):
    """The workspace cannot be written: full disk, or no permission. Attribute: ``folder``."""


class WarehouseError(Terminal):
    """The database refused. Attributes: ``warehouse``, and ``sqlstate`` where there is one."""


class WarehouseUnreachable(WarehouseError):
    """No connection within the time allowed for it."""


class WrongPassword(WarehouseError):
    """The database refused the user or the password. Tried once only."""


class DatabaseMissing(WarehouseError):
    """The server has no database of that name."""


class CertificateRefused(WarehouseError):
    """The server's certificate does not verify."""


class TlsRefused(WarehouseError):
    """The server does not speak TLS where TLS is required."""


class ReadOnlyWarehouse(WarehouseError):
    """The database takes no writes now."""


class RightsMissing(WarehouseError):
    """The role may not do what the step needs."""


class AlertNotDelivered(RetailError):
    """A channel did not take an alert. Attribute: ``channel`` (its name). It never fails the data work."""

    @classmethod
    def by(cls, channel: str, what: str) -> Self:
        """Build the error for the channel of that name; ``what`` says cause and next step, without a secret."""
        return cls(f"{channel}: {what}", channel=channel)


class ChannelUnreachable(AlertNotDelivered, Transient):
    """No answer, or one that says to try again."""


class ChannelRefused(AlertNotDelivered, Terminal):
    """The channel will not take it however often it is asked: revoked webhook, wrong password, unknown address."""


class PrefectUnreachable(Terminal):
    """The Prefect server or Cloud gives no answer. Attribute: ``api`` (its address)."""

    @classmethod
    def at(cls, api: str) -> Self:
        """Build the error for the API at that address; empty is a server of the run's own."""
        where = api or "of this run's own server"
        return cls(
            f"The Prefect API {where} gives no answer. Start the server (prefect server start), or correct or unset "
            "PREFECT_API_URL (prefect config view shows where it is set).",
            api=api,
        )


class EmbeddedServerError(Terminal):
    """The embedded Postgres cannot be set up, started or stopped. Attribute: ``folder``."""


class ProblemsFound(Terminal):
    """The doctor found what would stop a run. Attribute: ``findings``."""


class RunFailed(Terminal):
    """Raised at the end of a run, after the rest has loaded. Attribute: ``report``."""


class DeliveriesFailed(RunFailed):
    """At least one delivery could not be taken; the others are loaded."""


class QualityBelowThreshold(RunFailed):
    """At least one delivery was refused by the quality gate; the others are loaded."""
