"""Settings of a feed, and of one validation of its lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import cast
from zoneinfo import ZoneInfo, available_timezones

from tasks.errors import SettingsError
from tasks.ingest.date_formats import check_date_format, knows_timezone
from tasks.ingest.encodings import checked_encoding
from tasks.ingest.limits import DEFAULT_QUARANTINE_BYTES
from tasks.ingest.mapping.content import reading_settings
from tasks.ingest.mapping.load import mapping_of_reading
from tasks.ingest.number_formats import DECIMAL_MARKS
from tasks.ingest.reading import LastLineEnd, ReadingSettings
from tasks.validate.missing_words import checked_words

# Reads the time zone folder of the system.
_timezones = cache(available_timezones)
IDENTICAL_LINES = ("keep", "drop")
LAST_LINE_ENDS = ("optional", "required")
CUSTOMERS = ("codes", "numbers")


@dataclass(frozen=True)
class FeedSettings:
    """Settings of a feed.

    Attributes:
        feed: Its name.
        timezone: IANA time zone of its local times.
        currency: ISO 4217 code of its amounts.
        date_format: iso, us, eu or a strptime pattern; None as long as all dates are ISO dates.
        identical_lines: ``keep`` or ``drop`` the copies of a line in a delivery.
        decimal: Decimal mark of its numbers, ``.`` or ``,``; None as long as all numbers have one reading.
        encoding: Encoding of its text files; None for UTF-8, with Windows-1252 for lines that are not.
        missing_words: Words that stand for a missing value, separated by commas, or ``none``; None for the usual ones.
        currency_column: ``passed over`` for a feed whose first lines were loaded before currency columns counted: all
            its lines have its currency; None for any other.
        last_line_end: Whether the last line of a text file has a line end, ``optional`` or ``required``; None to judge
            by the file.
        customers: ``codes``, of which 00123 and 123 are two, or ``numbers``, of which they are one and any other code is
            an error; None as long as all customers have one reading.
        store_column: ``passed over`` for a feed whose first lines were loaded before stores and line numbers counted;
            None for any other.
        mapping: The mapping of its columns, as text of ``tasks.ingest.mapping.content``; None to read them by their
            usual names.
    """

    feed: str = "default"
    timezone: str = "Europe/London"
    currency: str = "GBP"
    date_format: str | None = None
    identical_lines: str = "keep"
    decimal: str | None = None
    encoding: str | None = None
    missing_words: str | None = None
    last_line_end: str | None = None
    currency_column: str | None = None
    customers: str | None = None
    store_column: str | None = None
    mapping: str | None = None

    @property
    def reading(self) -> ReadingSettings:
        """The part of the settings that the readers need."""
        last_line_end = cast(LastLineEnd | None, self.last_line_end)
        return ReadingSettings(self.encoding, last_line_end, self.mapping, self.decimal)

    @property
    def reading_settings(self) -> str:
        """What the ledger keeps of the mapping with each delivery."""
        return reading_settings(self.mapping)

    def check(self) -> None:
        """Raise SettingsError for the first invalid setting."""
        if not self.feed.strip() or len(self.feed) > 100 or not self.feed.isprintable():
            raise _invalid("feed", self.feed, "is not a name", "Use 1 to 100 printable characters.")
        if self.timezone not in _timezones() or not knows_timezone(self.timezone):
            problem = "is not an IANA time zone"
            raise _invalid("timezone", self.timezone, problem, "Use a name such as Europe/London.")
        if not re.fullmatch("[A-Z]{3}", self.currency):
            raise _invalid("currency", self.currency, "is not an ISO 4217 code", "Use a code such as GBP.")
        if self.identical_lines not in IDENTICAL_LINES:
            problem = "is neither keep nor drop"
            raise _invalid("identical_lines", self.identical_lines, problem, "Use keep or drop.")
        check_date_format(self.date_format)
        in_one_spelling({"encoding": self.encoding, "missing_words": self.missing_words})
        if self.decimal not in {None, *DECIMAL_MARKS}:
            raise _invalid("decimal", str(self.decimal), "is no decimal mark", "Use . or ,")
        if self.last_line_end not in {None, *LAST_LINE_ENDS}:
            problem = "is neither optional nor required"
            raise _invalid("last_line_end", str(self.last_line_end), problem, "Use optional or required.")

        if self.customers not in {None, *CUSTOMERS}:
            problem = "is neither codes nor numbers"
            raise _invalid("customers", str(self.customers), problem, "Use codes or numbers.")

    def zone(self) -> ZoneInfo:
        """Return the time zone."""
        return ZoneInfo(self.timezone)


@dataclass(frozen=True)
class ValidationSettings:
    """Settings of one validation.

    Attributes:
        feed: Settings of the feed.
        as_of: Local date of the run in the feed's time zone; later sales break a rule.
        quarantine_bytes: Bytes of quarantined lines to keep of a delivery.
        weighed: Reading settings on trial: values that only another reading fits are read by that one.
    """

    feed: FeedSettings
    as_of: date
    quarantine_bytes: int = DEFAULT_QUARANTINE_BYTES
    weighed: tuple[str, ...] = ()


def in_one_spelling(asked: Mapping[str, str | None]) -> dict[str, str]:
    """Return the settings that are given, those that can be spelt in several ways in the one that the feed keeps.

    Args:
        asked: Settings by name, fields of ``FeedSettings``; None or empty text for those that are not given.

    Raises:
        SettingsError: an encoding is unknown, or a list of words is empty.
    """
    spelling = {"encoding": checked_encoding, "missing_words": checked_words}
    return {
        name: spelling[name](value) if name in spelling else value for name, value in asked.items() if value
    }


def with_decimal(settings: FeedSettings) -> FeedSettings:
    """Return the settings with the decimal mark in which the numbers of a mapping that tells its own are written."""
    reading = settings.reading
    mapping = mapping_of_reading(reading)
    if reading.decimal is not None or mapping is None or mapping.notation.decimal is None:
        return settings
    return replace(settings, decimal=".")


def _invalid(setting: str, value: str, problem: str, next_step: str) -> SettingsError:
    return SettingsError(f"{setting}: {value!r} {problem}.", next_step, setting=setting)
