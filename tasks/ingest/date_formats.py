"""Which formats can read the slashed or dotted dates of deliveries.

ISO dates read the same whatever the feed's format is; `12/1/2010` is January in Europe and December
in America. A format is found over all deliveries of a run if just one reads all their dates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from tasks.errors import DateFormatUnclear, SettingsError

NAMED = ("iso", "us", "eu")
_SLASHED = (
    r"^(?P<a>\d{1,2})[/.](?P<b>\d{1,2})[/.](?P<year>\d{4}|\d{2})"
    r"(?:[ T]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?:\.\d+)?\s*(?P<half>[AaPp][Mm])?)?$"
)


@dataclass(frozen=True)
class DateShapes:
    """What the slashed or dotted dates of some deliveries allow.

    ``us`` and ``eu`` tell whether that format reads every date that either of them reads; ``examples``
    holds a few dates.
    """

    slashed: int = 0
    us: bool = True
    eu: bool = True
    examples: tuple[str, ...] = ()

    def merged(self, other: DateShapes) -> DateShapes:
        """Both together."""
        return DateShapes(
            self.slashed + other.slashed,
            self.us and other.us,
            self.eu and other.eu,
            (self.examples + other.examples)[:3],
        )


def check_name(date_format: str | None) -> None:
    """Raise SettingsError unless the format is None, iso, us, eu, or a strptime pattern with day, month and year."""
    if date_format is None or date_format in NAMED:
        return
    if not all(any(code in date_format for code in codes) for codes in (("%d", "%e"), ("%m", "%b", "%B"), ("%Y", "%y"))):
        raise SettingsError(
            f"date format {date_format!r}: give iso, us, eu, or a strptime pattern such as %d-%m-%Y %H:%M.",
            setting="date_format",
        )


def read_slashed(text: pl.Expr, date_format: str) -> pl.Expr:
    """Local time of `12/1/2010 8:26`, `12.1.10 08:26:00`, `12/1/2010 8:26 PM` by ``us`` or ``eu``; null otherwise."""
    parts = text.str.strip_chars().str.extract_groups(_SLASHED).struct
    year = pl.when(parts.field("year").str.len_bytes() == 2).then("20" + parts.field("year")).otherwise(parts.field("year"))
    month, day = (parts.field("a"), parts.field("b")) if date_format == "us" else (parts.field("b"), parts.field("a"))
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
        "{}-{}-{} {}:{}:{}",
        year,
        month.str.zfill(2),
        day.str.zfill(2),
        hour.cast(pl.String).str.zfill(2),
        parts.field("minute").fill_null("00"),
        parts.field("second").fill_null("00"),
    )
    return iso.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)


def shapes(dates: pl.Series) -> DateShapes:
    """Look at a column of dates as text."""
    slashed = dates.filter(dates.str.contains(r"^\s*\d{1,2}[/.]"))
    if not slashed.len():
        return DateShapes()
    unique = slashed.unique().to_frame("date").with_columns(
        us=read_slashed(pl.col("date"), "us").is_not_null(),
        eu=read_slashed(pl.col("date"), "eu").is_not_null(),
    )
    readable = unique.filter(pl.col("us") | pl.col("eu"))
    return DateShapes(
        slashed.len(),
        bool(readable.get_column("us").all()),
        bool(readable.get_column("eu").all()),
        tuple(readable.get_column("date").sort().head(3).to_list()),
    )


def decide(found: Iterable[DateShapes], deliveries: Iterable[str]) -> str | None:
    """The one format that reads all slashed dates, or None if there are none.

    Raises DateFormatUnclear, naming the first of ``deliveries``, if both formats fit or neither does.
    """
    total = DateShapes()
    for one in found:
        total = total.merged(one)
    if not total.slashed:
        return None
    if total.us != total.eu:
        return "us" if total.us else "eu"
    name = next(iter(deliveries), "")
    examples = ", ".join(total.examples)
    if total.us:
        raise DateFormatUnclear.of(
            name, f"its dates ({examples}) can be read month first or day first. Say which: --date-format us or eu."
        )
    raise DateFormatUnclear.of(
        name,
        f"some dates read only month first and others only day first (among {examples}). Give --date-format; the "
        "lines that do not fit it are set aside.",
    )
