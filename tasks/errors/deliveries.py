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


class DeliveryUnfinished(DeliveryError):
    """The file is still being written, or too young to tell; the next run tries it again."""


class UnknownHeader(DeliveryError):
    """A column of the header is missing or occurs twice."""


class DeliveryUnreadable(DeliveryError):
    """Not a text or Parquet file, damaged, or not readable by this user."""


class DeliveryTooLarge(DeliveryError):
    """A delivery costs more bytes or lines than the limits allow."""


class ReadingUnclear(DeliveryError):
    """Values like 12/1/2010 or 1.000 that two readings fit, where nothing decides which one is meant."""


class MissingWordsUnclear(DeliveryError):
    """A word that may stand for a missing value, or be one: NA among country codes."""


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
