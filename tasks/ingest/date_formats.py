"""Parse the dates of deliveries.

ISO dates need no date format; `12/1/2010` is 12 January in Europe (``eu``) and 1 December in America (``us``).
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache

import polars as pl

from tasks.errors import SettingsError
from tasks.ingest.instants import parse_instants, polars_form, tells_offset, written_form

NAMED_FORMATS = ("iso", "us", "eu")
_SLASHED = (
    r"^(?P<a>[0-9]{1,2})(?P<mark>[/.-])(?P<b>[0-9]{1,2})(?P<mark2>[/.-])(?P<year>[0-9]{4}|[0-9]{2})"
    r"(?:[ T]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?P<fraction>\.[0-9]+)?)?"
    r"\s*(?P<half>[AaPp][Mm])?)?$"
)
# Texts that may be such dates.
SLASHED_START = r"^\s*[0-9]{1,2}[/.-]"
# strptime's %Y would take 10-01-26 for the year 10.
_FOUR_DIGIT_YEAR = "^[0-9]{4}-"
_ISO = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d")


def check_date_format(date_format: str | None) -> None:
    """Raise SettingsError unless the format is None, iso, us, eu, or a strptime pattern of complete dates."""
    if date_format is None or date_format in NAMED_FORMATS or _is_complete_pattern(date_format):
        return
    raise SettingsError(
        f"date_format: {date_format!r} is not a date format.",
        "Use iso, us, eu, or a strptime pattern such as %d-%m-%Y %H:%M.",
        setting="date_format",
    )


@cache
def knows_timezone(name: str) -> bool:
    """Return whether polars knows this time zone; the system and Parquet files have further names."""
    try:
        pl.select(pl.lit(datetime(2010, 12, 31)).dt.replace_time_zone(name))
    except pl.exceptions.ComputeError:
        return False
    return True


def _is_complete_pattern(pattern: str) -> bool:
    moment = datetime(2010, 12, 31, 20, 30)
    try:
        text = pl.Series([moment]).dt.replace_time_zone("UTC").dt.strftime(written_form(pattern))
        parsed = text.to_frame("date").select(parse_pattern(pl.col("date"), pattern, "UTC")).item()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return False
    return parsed in {moment, moment.replace(hour=0, minute=0)}


def parse_dates(text: pl.Expr, date_format: str | None, timezone: str) -> pl.Expr:
    """Parse dates by ISO 8601 and by a date format.

    Args:
        text: Dates as text.
        date_format: iso, us, eu, a strptime pattern, or None for ISO only.
        timezone: IANA time zone of the result, for dates with a UTC offset.

    Returns:
        Local time (Datetime in us, naive), null where no format matches.
    """
    instants = parse_told(text, date_format)
    return pl.coalesce(parse_local(text, date_format), to_local(instants, timezone))


def parse_local(text: pl.Expr, date_format: str | None) -> pl.Expr:
    """Parse dates that tell no offset.

    Args:
        text: Dates as text.
        date_format: iso, us, eu, a strptime pattern, or None for ISO only.

    Returns:
        The wall clock as delivered (Datetime in us, naive), null where no format matches.
    """
    trimmed = text.str.strip_chars()
    iso_text = pl.when(trimmed.str.contains(_FOUR_DIGIT_YEAR)).then(trimmed)
    iso = [iso_text.str.to_datetime(form, time_unit="us", strict=False) for form in _ISO]
    if date_format in {"us", "eu"}:
        return pl.coalesce(*iso, parse_slashed(text, str(date_format)))
    pattern = own_pattern(date_format)
    if pattern is None:
        return pl.coalesce(iso)
    if tells_offset(pattern):
        return pl.lit(None, pl.Datetime("us")) if _misreads_iso(pattern) else pl.coalesce(iso)
    parsed = parse_pattern(trimmed, pattern, "UTC")
    return parsed if _misreads_iso(pattern) else pl.coalesce(parsed, *iso)


def parse_told(text: pl.Expr, date_format: str | None) -> pl.Expr:
    """Parse dates that tell their offset; arguments as of ``parse_local``.

    Returns:
        Instants (Datetime in us, UTC), null where no format matches.
    """
    trimmed = text.str.strip_chars()
    pattern = own_pattern(date_format)
    parsed = []
    if pattern is not None and tells_offset(pattern):
        parsed.append(parse_instants(trimmed, pattern))
    if pattern is None or not _misreads_iso(pattern):
        parsed.append(parse_instants(trimmed, None))
    return pl.coalesce(parsed) if parsed else pl.lit(None, pl.Datetime("us", "UTC"))


def to_local(instants: pl.Expr, timezone: str) -> pl.Expr:
    """Return the wall clock (naive) of instants in a time zone."""
    return instants.dt.convert_time_zone(timezone).dt.replace_time_zone(None)


def own_pattern(date_format: str | None) -> str | None:
    """Return a date format that is a strptime pattern; None for the named ones and no format."""
    return None if date_format is None or date_format in NAMED_FORMATS else date_format


def parse_slashed(text: pl.Expr, date_format: str) -> pl.Expr:
    """Parse dates such as `12/1/2010 8:26`, `12.1.10 08:26:00`, `12-1-10` and `12/1/2010 8:26 PM`.

    Args:
        text: Dates as text.
        date_format: ``us`` (month first) or ``eu`` (day first).

    Returns:
        Local time (Datetime in us, naive), null where the text does not match.
    """
    parts = text.str.strip_chars().str.extract_groups(_SLASHED).struct
    # A dash stands for both marks or none.
    dashes_agree = (parts.field("mark") == "-") == (parts.field("mark2") == "-")
    digits = pl.when(dashes_agree).then(parts.field("year"))
    # To strptime's %Y, 10 is the year 10.
    year = pl.when(digits.str.len_bytes() == 2).then("20" + digits).otherwise(digits)
    month, day = ("a", "b") if date_format == "us" else ("b", "a")
    hour = parts.field("hour").cast(pl.Int8, strict=False).fill_null(0)
    half = parts.field("half").str.to_uppercase()
    hour = (
        pl.when(half.is_not_null() & ~hour.is_between(1, 12))
        .then(99)
        .when(half == "PM")
        .then(hour % 12 + 12)
        .when(half == "AM")
        .then(hour % 12)
        .otherwise(hour)
    )
    iso = pl.format(
        "{}-{}-{} {}:{}:{}{}",
        year,
        parts.field(month),
        parts.field(day),
        hour,
        parts.field("minute").fill_null("00"),
        parts.field("second").fill_null("00"),
        parts.field("fraction").fill_null(""),
    )
    return iso.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)


def has_second_60(text: pl.Expr, date_format: str | None) -> pl.Expr:
    """Whether a date names second 60, which polars would read as the next minute."""
    before = re.search(r"(.)%S", date_format or "")
    separator = re.escape(before[1]) if before else ":"
    return text.str.contains(rf"{separator}60(?:\D|$)")


def parse_pattern(text: pl.Expr, pattern: str, timezone: str) -> pl.Expr:
    """Parse dates by a strptime pattern.

    Args:
        text: Dates as text.
        pattern: strptime pattern, with or without a UTC offset.
        timezone: IANA time zone of the result, for patterns with an offset.

    Returns:
        Local time (Datetime in us, naive), null where the text does not match.
    """
    if tells_offset(pattern):
        return to_local(parse_instants(text, pattern), timezone)
    return text.str.to_datetime(polars_form(pattern), time_unit="us", strict=False)


def _misreads_iso(pattern: str) -> bool:
    """Return whether the pattern parses an ISO date as another day, as year-day-month does."""
    probes = pl.DataFrame(
        {"date": ["2010-01-02 03:04:05", "2010-01-02T03:04:05", "2010-01-02 03:04", "2010-01-02"]}
    )
    parsed = probes.select(parse_pattern(pl.col("date"), pattern, "UTC").dt.date())
    return any(day not in {None, datetime(2010, 1, 2).date()} for day in parsed.to_series())
