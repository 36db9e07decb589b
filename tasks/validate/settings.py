"""How a feed's lines are read and judged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from tasks.errors import SettingsError
from tasks.ingest.date_formats import check_name, knows_timezone

# The look reads the system's folder of zones.
_timezones = cache(available_timezones)
IDENTICAL_LINES = ("keep", "drop")


@dataclass(frozen=True)
class FeedSettings:
    """A feed's name, IANA time zone, ISO 4217 currency, date format (None while only ISO dates came) and
    what becomes of identical lines (``keep`` or ``drop``)."""

    feed: str = "default"
    timezone: str = "Europe/London"
    currency: str = "GBP"
    date_format: str | None = None
    identical_lines: str = "keep"

    def check(self) -> None:
        """Raise SettingsError naming the first value that cannot be."""
        if not self.feed.strip() or len(self.feed) > 100 or not self.feed.isprintable():
            raise SettingsError("feed: give a name of 1 to 100 printable characters.", setting="feed")
        if self.timezone not in _timezones() or not knows_timezone(self.timezone):
            raise SettingsError(
                f"timezone: {self.timezone!r} is no IANA time zone, such as Europe/London.",
                setting="timezone",
            )
        if not re.fullmatch("[A-Z]{3}", self.currency):
            raise SettingsError(
                f"currency: {self.currency!r} is no ISO 4217 code, such as GBP.", setting="currency"
            )
        if self.identical_lines not in IDENTICAL_LINES:
            raise SettingsError(
                f"identical_lines: {self.identical_lines!r} is neither keep nor drop.",
                setting="identical_lines",
            )
        check_name(self.date_format)

    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.timezone)


@dataclass(frozen=True)
class ValidationSettings:
    """What a judgement depends on beside the lines: the feed's settings and today's date there."""

    feed: FeedSettings
    as_of: date
