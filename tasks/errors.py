"""All errors that the package raises itself.

RetailError
    Transient                   a retry may succeed: Prefect retries the task
        ConnectionInterrupted   the database refused, reset or dropped a connection
        WarehouseBusy           a lock timeout, a deadlock or a serialization failure
        DeliveryChanged         a file changed between two reads of the same run
        ChannelUnreachable      an alert channel does not respond (also an AlertNotDelivered)
        AlertStoreUnreachable   the store of open alerts cannot be read or written
    Terminal                    a retry cannot succeed: never retried
        SettingsError           a setting is invalid (exit code 2)
            FeedConflict        the run's settings differ from those of the feed
            UntrustedPath       another user can change a folder or file of ours
        DeliveryError           one delivery cannot be loaded; the others are
            DeliveryMissing, DeliveryEmpty, UnknownHeader, DeliveryUnreadable,
            DeliveryTooLarge, DateFormatUnclear, ReplacementRefused, LedgerChanged, DeliveryRejected
        ContractBroken          a rule of the contract raised an error
        WorkspaceFull           the workspace is full or not writable
        OutputDamaged           a part of an output is not what was written
        WarehouseError          the database rejected a statement or the connection
            WarehouseUnreachable, WrongPassword, DatabaseMissing, CertificateRefused,
            TlsRefused, ClearTextPasswordRefused, ReadOnlyWarehouse, RightsMissing, DataRejected
        ChannelRefused          an alert channel rejected the alert (also an AlertNotDelivered)
        PrefectUnreachable      the Prefect API does not respond
        EmbeddedServerError     the embedded Postgres cannot be started or stopped
        ProblemsFound           the doctor found a problem that makes runs fail
        RunFailed               raised at the end of a run, after all other deliveries are loaded
            DeliveriesFailed    (exit code 1)
            QualityBelowThreshold (exit code 3)

Errors carry their data as attributes: ``what`` happened, the ``next_step``, and the ids of the objects concerned
(``delivery``, ``warehouse``, ``channel`` ...). The message is composed from them::

    >>> str(DeliveryEmpty("it has a header but no rows.", "Have it delivered again.", delivery="till.csv"))
    'till.csv: it has a header but no rows. Have it delivered again.'

Messages never contain passwords.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from tasks.outside_text import displayable


class RetailError(Exception):
    """Base class of all errors.

    Args:
        what: What happened: one statement without the subject's name.
        next_step: What the user should do: one imperative sentence, or empty.
        ids: Ids of the objects concerned; they become attributes and survive pickling.
    """

    # The attribute that starts the message.
    subject: ClassVar[str] = ""
    # Unprintable characters that the message may have: an error about several things has a line for each.
    keep: ClassVar[str] = ""

    def __init__(self, what: str, next_step: str = "", **ids: Any) -> None:
        # Here and not where an error is shown: it ends in logs, states and reports that are not ours.
        self.what = displayable(what, self.keep)
        self.next_step = displayable(next_step, self.keep)
        super().__init__(self.what)
        self.attributes = ids
        for name, value in ids.items():
            setattr(self, name, value)

    @property
    def description(self) -> str:
        """The subject and what happened."""
        subject = self.attributes.get(self.subject)
        return f"{displayable(subject)}: {self.what}" if subject else self.what

    @property
    def reason(self) -> str:
        """What happened and the next step, without the subject's name."""
        return f"{self.what} {self.next_step}".rstrip()

    @property
    def message(self) -> str:
        """The full message: subject, what happened, next step."""
        return f"{self.description} {self.next_step}".rstrip()

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.what, self.next_step, self.attributes)

    def __str__(self) -> str:
        return self.message


def _rebuild(kind: type[RetailError], what: str, next_step: str, ids: dict[str, Any]) -> RetailError:
    return kind(what, next_step, **ids)


class Transient(RetailError):
    """A retry may succeed; Prefect retries the task."""


class ConnectionInterrupted(Transient):
    """The database refused, reset or dropped a connection."""

    subject = "warehouse"


class WarehouseBusy(Transient):
    """A lock timeout, a deadlock or a serialization failure."""

    subject = "warehouse"


class DeliveryChanged(Transient):
    """A file changed between two reads of the same run. Attribute: ``delivery``."""

    subject = "delivery"


class AlertStoreUnreachable(Transient):
    """The store of open alerts cannot be read or written."""


class Terminal(RetailError):
    """A retry cannot succeed; never retried."""


class SettingsError(Terminal):
    """A setting is invalid. Attribute: ``setting``."""


class FeedConflict(SettingsError):
    """The run's settings differ from those the feed was first loaded with. Attribute: ``feed``."""


class UntrustedPath(SettingsError):
    """Another user owns or may write a folder or file that must be ours alone. Attributes: ``path``, ``setting``."""


class DeliveryError(Terminal):
    """One delivery cannot be loaded; the others are. Attribute: ``delivery`` (its name)."""

    subject = "delivery"
    delivery: str


class DeliveryMissing(DeliveryError):
    """No file matches a path or pattern."""


class DeliveryEmpty(DeliveryError):
    """The file is empty, or has a header but no rows."""


class UnknownHeader(DeliveryError):
    """A column of the header is missing or occurs twice."""


class DeliveryUnreadable(DeliveryError):
    """Not a text or Parquet file, damaged, or not readable by this user."""


class DeliveryTooLarge(DeliveryError):
    """A delivery costs more bytes or lines than the limits allow."""


class DateFormatUnclear(DeliveryError):
    """Dates like 12/1/2010 that both date formats, or neither, can parse."""


class ReplacementRefused(DeliveryError):
    """A replacement would withdraw too many lines. Attributes: ``withdrawn``, ``held``."""


class LedgerChanged(DeliveryError):
    """Another run loaded or withdrew the delivery after this run had looked at it."""


class DeliveryRejected(DeliveryError):
    """The database rejects a value of the delivery that the contract accepts. Attribute: ``sqlstate``."""


class ContractBroken(Terminal):
    """A rule of the contract raised an error. Attribute: ``rule``."""


class WorkspaceFull(Terminal):
    """The workspace cannot be written: disk full or permission denied. Attribute: ``folder``."""


class OutputDamaged(Terminal):
    """A part of an output is not what was written. Attribute: ``path``."""


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


class AlertNotDelivered(RetailError):
    """A channel did not accept an alert, which never fails a run. Attribute: ``channel`` (its name)."""

    subject = "channel"


class ChannelUnreachable(AlertNotDelivered, Transient):
    """No response, or one that asks to retry later."""


class ChannelRefused(AlertNotDelivered, Terminal):
    """The channel rejects the alert for good: revoked webhook, wrong password, unknown address."""


class PrefectUnreachable(Terminal):
    """The Prefect server or Cloud does not respond. Attribute: ``api`` (its URL)."""

    @classmethod
    def at(cls, api: str) -> Self:
        """Build the error for the API at this URL; empty stands for the run's ephemeral server."""
        where = api or "of the run's own server"
        return cls(
            f"The Prefect API {where} does not respond.",
            "Start the server (prefect server start), or correct or unset PREFECT_API_URL (prefect config view "
            "shows where it is set).",
            api=api,
        )


class EmbeddedServerError(Terminal):
    """The embedded Postgres cannot be set up, started or stopped. Attribute: ``folder``."""

    # The end of the server's log.
    keep = "\n\t"


class ProblemsFound(Terminal):
    """The doctor found a problem that makes runs fail. Attribute: ``findings``."""

    keep = "\n"


class RunFailed(Terminal):
    """Raised at the end of a run, after all other deliveries are loaded. Attribute: ``report``."""

    keep = "\n"


class DeliveriesFailed(RunFailed):
    """At least one delivery failed; the others are loaded."""


class QualityBelowThreshold(RunFailed):
    """The quality gate rejected at least one delivery; the others are loaded."""
