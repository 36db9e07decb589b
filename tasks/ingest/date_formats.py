"""How the dates of deliveries are read, and which format can read them.

ISO dates read the same whatever the feed's format is; `12/1/2010` is January in Europe and December
in America. A format is found over all deliveries of a run if just one reads all their dates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import polars as pl

from tasks.errors import DateFormatUnclear, SettingsError

NAMED = ("iso", "us", "eu")
_SLASHED = (
    r"^(?P<a>[0-9]{1,2})[/.](?P<b>[0-9]{1,2})[/.](?P<year>[0-9]{4}|[0-9]{2})"
    r"(?:[ T]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?P<fraction>\.[0-9]+)?)?"
    r"\s*(?P<half>[AaPp][Mm])?)?$"
)
_SLASHED_START = r"^\s*[0-9]{1,2}[/.]"
_ISO = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d")
_ISO_WITH_OFFSET = (
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M%#z",
    "%Y-%m-%d %H:%M%#z",
)


@dataclass(frozen=True)
class DateShapes:
    """What the slashed or dotted dates of some deliveries allow.

    ``slashed`` counts the different ones that month first or day first can read; ``example`` is one of
    them, ``only_us`` one that only month first reads, ``only_eu`` one that only day first reads.
    """

    slashed: int = 0
    example: str = ""
    only_us: str = ""
    only_eu: str = ""

    def merged(self, other: DateShapes) -> DateShapes:
        """Both together."""
        return DateShapes(
            self.slashed + other.slashed,
            self.example or other.example,
            self.only_us or other.only_us,
            self.only_eu or other.only_eu,
        )


def shapes(dates: pl.Series) -> DateShapes:
    """Look at a column of dates as text."""
    slashed = dates.filter(dates.str.contains(_SLASHED_START)).unique().sort().to_frame("date")
    if not slashed.height:
        return DateShapes()
    read = slashed.select(
        "date",
        us=read_slashed(pl.col("date"), "us").is_not_null(),
        eu=read_slashed(pl.col("date"), "eu").is_not_null(),
    )
    us, eu = pl.col("us"), pl.col("eu")
    counted = read.select(
        (us | eu).sum().alias("slashed"),
        *(
            pl.col("date").filter(which).first().fill_null("").alias(name)
            for name, which in (("example", us | eu), ("only_us", us & ~eu), ("only_eu", eu & ~us))
        ),
    )
    return DateShapes(**counted.row(0, named=True))


def is_slashed(column: str) -> pl.Expr:
    """Whether a date needs the feed's format: month first or day first reads it, ISO does not."""
    text = pl.col(column)
    candidate = pl.when(text.str.contains(_SLASHED_START)).then(text)
    return read_slashed(candidate, "us").is_not_null() | read_slashed(candidate, "eu").is_not_null()


def decide(found: Iterable[DateShapes], deliveries: Iterable[str]) -> str | None:
    """The one format that reads all slashed dates, or None if there are none.

    Raises DateFormatUnclear, naming the first of ``deliveries``, if both formats fit or neither does.
    """
    total = DateShapes()
    for one in found:
        total = total.merged(one)
    if not total.slashed:
        return None
    if bool(total.only_us) != bool(total.only_eu):
        return "us" if total.only_us else "eu"
    name = next(iter(deliveries), "")
    if not total.only_us:
        raise DateFormatUnclear(
            f"its dates, such as {total.example}, can be read month first or day first.",
            "Say which with the date format (--date-format): us or eu.",
            delivery=name,
        )
    raise DateFormatUnclear(
        f"dates such as {total.only_us} read only month first and others, such as "
        f"{total.only_eu}, only day first.",
        "Give the date format (--date-format); the lines that do not fit it are set aside.",
        delivery=name,
    )


def check_name(date_format: str | None) -> None:
    """Raise SettingsError unless the format is None, iso, us, eu, or a strptime pattern of whole dates."""
    if date_format is None or date_format in NAMED or _tells_the_day(date_format):
        return
    raise SettingsError(
        f"date format {date_format!r}: give iso, us, eu, or a strptime pattern such as %d-%m-%Y %H:%M.",
        setting="date_format",
    )


@cache
def knows_timezone(name: str) -> bool:
    """Whether polars can reckon in this time zone: not every name of the system or of a file is known to it."""
    try:
        pl.select(pl.lit(datetime(2010, 12, 31)).dt.replace_time_zone(name))
    except pl.exceptions.ComputeError:
        return False
    return True


def _tells_the_day(pattern: str) -> bool:
    moment = datetime(2010, 12, 31, 20, 30)
    try:
        written = pl.Series([moment]).dt.replace_time_zone("UTC").dt.strftime(_for_polars(pattern))
        read = written.to_frame("date").select(read_by_pattern(pl.col("date"), pattern, "UTC")).item()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return False
    return read in {moment, moment.replace(hour=0, minute=0)}


def read_dates(text: pl.Expr, date_format: str | None, timezone: str) -> pl.Expr:
    """Local time of dates as text, by ISO 8601 and by ``date_format``; null where neither reads it."""
    trimmed = text.str.strip_chars()
    iso = [trimmed.str.to_datetime(form, time_unit="us", strict=False) for form in _ISO]
    iso += [_with_offset(trimmed, form, timezone) for form in _ISO_WITH_OFFSET]
    if date_format in {"us", "eu"}:
        return pl.coalesce(*iso, read_slashed(text, str(date_format)))
    if date_format in {None, "iso"}:
        return pl.coalesce(iso)
    by_pattern = read_by_pattern(trimmed, str(date_format), timezone)
    return by_pattern if _misreads_iso(str(date_format)) else pl.coalesce(by_pattern, *iso)


def read_slashed(text: pl.Expr, date_format: str) -> pl.Expr:
    """Local time of `12/1/2010 8:26`, `12.1.10 08:26:00` or `12/1/2010 8:26 PM`, month first (``us``) or day
    first (``eu``); null otherwise."""
    parts = text.str.strip_chars().str.extract_groups(_SLASHED).struct
    written = parts.field("year")
    # strptime's %Y would read the year 10.
    year = pl.when(written.str.len_bytes() == 2).then("20" + written).otherwise(written)
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


def read_by_pattern(text: pl.Expr, pattern: str, timezone: str) -> pl.Expr:
    """Local time by a strptime pattern; null where it does not fit."""
    form = _for_polars(pattern)
    if any(code in form for code in ("%z", "%:z", "%#z")):
        return _with_offset(text, form, timezone)
    return text.str.to_datetime(form, time_unit="us", strict=False)


def _with_offset(text: pl.Expr, form: str, timezone: str) -> pl.Expr:
    moment = text.str.to_datetime(form, time_unit="us", strict=False, time_zone="UTC")
    return moment.dt.convert_time_zone(timezone).dt.replace_time_zone(None)


def _for_polars(pattern: str) -> str:
    # Python's %f are digits of a fraction; for polars they would be nanoseconds.
    return pattern.replace(".%f", "%.f").replace("%f", "%6f")


def _misreads_iso(pattern: str) -> bool:
    """Whether the pattern gives an ISO date another meaning, such as year-day-month."""
    probes = pl.DataFrame(
        {"date": ["2010-01-02 03:04:05", "2010-01-02T03:04:05", "2010-01-02 03:04", "2010-01-02"]}
    )
    read = probes.select(read_by_pattern(pl.col("date"), pattern, "UTC").dt.date())
    return any(day not in {None, datetime(2010, 1, 2).date()} for day in read.to_series())
