"""Read the dates of lines: local times of the feed, or instants where they tell their offset."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from tasks.ingest.date_formats import has_second_60, own_pattern, parse_local, parse_told, to_local
from tasks.ingest.instants import has_unknown_zone
from tasks.ingest.reading_choices import DATE_FORMAT
from tasks.validate.settings import FeedSettings

_TEXT = pl.col("text")


def date_columns(texts: pl.DataFrame, settings: FeedSettings, weighed: Collection[str]) -> pl.DataFrame:
    """Parse distinct dates into date_text, sold_at_local (naive), sold_at (UTC), in_second_hour and has_unknown_zone."""
    dates = _parse_dates(texts, settings, DATE_FORMAT.setting in weighed)
    second_60 = dates.select(has_second_60(pl.col("date_text"), settings.date_format)).to_series()
    if second_60.any():
        dates = dates.with_columns(pl.when(~second_60).then(pl.col("local", "instant")))
    first = (
        pl.col("sold_at_local")
        .dt.replace_time_zone(settings.timezone, ambiguous="earliest", non_existent="null")
        .dt.convert_time_zone("UTC")
    )
    dates = (
        dates.with_columns(sold_at_local=pl.coalesce("local", to_local(pl.col("instant"), settings.timezone)))
        .with_columns(first=first)
        .select(
            "date_text",
            "sold_at_local",
            sold_at=pl.coalesce("instant", "first"),
            in_second_hour=(pl.col("instant") > pl.col("first")).fill_null(False),
        )
    )
    unread = dates.filter(pl.col("sold_at_local").is_null()).get_column("date_text")
    if not unread.len():
        return dates.with_columns(has_unknown_zone=False)
    date = pl.col("date_text").str.strip_chars()
    pattern = own_pattern(settings.date_format)
    unknown = unread.to_frame().filter(has_unknown_zone(date, pattern)).to_series()
    return dates.with_columns(has_unknown_zone=pl.col("date_text").is_in(unknown.implode()))


def _parse_local(settings: FeedSettings, weighed: bool) -> pl.Expr:
    parsed = parse_local(_TEXT, settings.date_format)
    if settings.date_format is None or weighed:
        return pl.coalesce(parsed, DATE_FORMAT.read(_TEXT, settings.date_format, others=weighed))
    return parsed


def _parse_dates(texts: pl.DataFrame, settings: FeedSettings, weighed: bool) -> pl.DataFrame:
    """Parse distinct dates into date_text, and local (naive) or, if they tell their offset, instant (UTC)."""
    # The format of most dates first, unless the feed has a pattern, which may parse them as other days.
    common = pl.lit(None, pl.Datetime("us"))
    if own_pattern(settings.date_format) is None:
        common = _TEXT.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    dates = texts.select(date_text="text", local=common)
    # Of 10-01-26 it makes the year 10.
    dates = dates.with_columns(pl.when(pl.col("local").dt.year() >= 1000).then("local"))
    rest = dates.filter(pl.col("local").is_null()).select(text="date_text")
    if rest.height:
        other = rest.select(date_text="text", other=_parse_local(settings, weighed))
        dates = dates.join(other, on="date_text", how="left", maintain_order="left").select(
            "date_text", pl.coalesce("local", "other")
        )
        rest = dates.filter(pl.col("local").is_null()).select(text="date_text")
    if not rest.height:
        return dates.with_columns(instant=pl.lit(None, pl.Datetime("us", "UTC")))
    told = rest.select(date_text="text", instant=parse_told(_TEXT, settings.date_format))
    return dates.join(told, on="date_text", how="left", maintain_order="left")
