"""Every error that the package raises on purpose.

RetailError
    Transient                   may pass by itself: Prefect retries the task
        ConnectionInterrupted   the database refused, reset or dropped a connection
        WarehouseBusy           a lock timeout, a deadlock or no free connection
        DeliveryChanged         a file changed between two reads of one run
        ChannelUnreachable      an alert channel gives no answer (also an AlertNotDelivered)
        AlertStoreUnreachable   the store of open alerts cannot be read or written
    Terminal                    does not pass by itself: never retried
        SettingsError           a setting is wrong or refused (exit code 2)
            FeedConflict        the run asks for settings that differ from the feed's
        DeliveryError           one delivery cannot be loaded; the others go on
            DeliveryMissing, DeliveryEmpty, UnknownHeader, DeliveryUnreadable,
            DateFormatUnclear, ReplacementRefused
        ContractBroken          a rule of the contract itself raised
        WorkspaceFull           the workspace's disk is full or not writable
        WarehouseError          the database rejected a statement or the connection
            WarehouseUnreachable, WrongPassword, DatabaseMissing, CertificateRefused,
            TlsRefused, ReadOnlyWarehouse, RightsMissing
        ChannelRefused          an alert channel rejected the message (also an AlertNotDelivered)
        PrefectUnreachable      the Prefect API gives no answer
        EmbeddedServerError     the embedded Postgres cannot be started
        ProblemsFound           the doctor found a problem that would stop a run
        RunFailed               raised at the end of a run, after the rest has loaded
            DeliveriesFailed    (exit code 1)
            QualityBelowThreshold (exit code 3)

An error carries data: ``what`` happened, the ``next_step``, and the id of its subject (``delivery``, ``warehouse``,
``channel`` ...) as attributes; the message is composed from them::

    >>> str(DeliveryEmpty("it has a header but no rows.", "Have it delivered again.", delivery="till.csv"))
    'till.csv: it has a header but no rows. Have it delivered again.'

No message ever holds a password.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self


def escape_unprintable(name: str) -> str:
    r"""Escape every character that does not print; a line break becomes ``\n``.

    Otherwise a file's name could pose as a line of a message, or steer a terminal.
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in name
    )


class RetailError(Exception):
    """Base of all errors.

    Args:
        what: What happened, as a sentence without the subject's name.
        next_step: What the user does next; empty if there is nothing to do.
        ids: Ids of what the error is about; they become attributes and survive pickling.
    """

    # Name of the attribute that the message begins with.
    subject: ClassVar[str] = ""

    def __init__(self, what: str, next_step: str = "", **ids: Any) -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step
        self.attributes = ids
        for name, value in ids.items():
            setattr(self, name, value)

    @property
    def description(self) -> str:
        """What happened, and to which subject."""
        subject = self.attributes.get(self.subject)
        return f"{escape_unprintable(subject)}: {self.what}" if subject else self.what

    @property
    def reason(self) -> str:
        """What happened and the next step, without the subject."""
        return f"{self.what} {self.next_step}".rstrip()

    @property
    def message(self) -> str:
        """The whole message: subject, what happened, next step."""
        return f"{self.description} {self.next_step}".rstrip()

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.what, self.next_step, self.attributes)

    def __str__(self) -> str:
        return self.message


def _rebuild(kind: type[RetailError], what: str, next_step: str, ids: dict[str, Any]) -> RetailError:
    return kind(what, next_step, **ids)


class Transient(RetailError):
    """May pass by itself; Prefect's task retries try again."""


class ConnectionInterrupted(Transient):
    """The database refused, reset or dropped a connection."""

    subject = "warehouse"


class WarehouseBusy(Transient):
    """A lock time-out, a deadlock or a serialization failure."""

    subject = "warehouse"


class DeliveryChanged(Transient):
    """A file's bytes changed between two reads of one run. Attribute: ``delivery``."""

    subject = "delivery"


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

    subject = "delivery"
    delivery: str


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

    subject = "warehouse"


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

    subject = "channel"


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
            f"The Prefect API {where} gives no answer.",
            "Start the server (prefect server start), or correct or unset PREFECT_API_URL (prefect config view "
            "shows where it is set).",
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
