"""Errors about deliveries and their lines."""

from __future__ import annotations

from tasks.errors.root import Terminal, Transient


class DeliveryChanged(Transient):
    """A file changed between two reads of the same run. Attribute: ``delivery``."""

    subject = "delivery"


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
    """A replacement would withdraw too many lines. Attributes: ``withdrawn``, ``held``, ``peak`` (lines)."""


class BytesOfOtherFeed(DeliveryError):
    """Another feed has loaded the same bytes. Attributes: ``other_feed``, ``other_delivery``."""


class LedgerChanged(DeliveryError):
    """Another run loaded or withdrew the delivery after this run had looked at it."""


class DeliveryRejected(DeliveryError):
    """The database rejects a value of the delivery that the contract accepts. Attribute: ``sqlstate``."""


class ContractBroken(Terminal):
    """A rule of the contract raised an error. Attribute: ``rule``."""
