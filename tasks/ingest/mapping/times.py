"""Times of a mapped delivery, written as ISO 8601: local times of the feed, or UTC where the file tells the zone."""

from __future__ import annotations

import polars as pl

from tasks.ingest.date_formats import has_second_60, parse_dates, parse_pattern, parse_slashed, parse_told
from tasks.ingest.instants import tells_offset
from tasks.ingest.mapping.model import TimeForm
from tasks.ingest.mapping.zones import zone_of

_LAST_LETTERS = r"\s*([A-Za-z]{1,5})$"


def iso_times(texts: pl.Series, zones: pl.Series | None, form: TimeForm) -> pl.Series:
    """Write times as ISO 8601.

    Args:
        texts: Trimmed times as delivered.
        zones: Trimmed names of their time zones; None if no column tells them.
        form: How they are written.

    Returns:
        Text that only its one reading fits. A text that no format reads, or whose zone is unknown, is followed by the
        reason in parentheses, so that nothing reads it.
    """
    if not form.formats:
        return texts
    if zones is None:
        zones = pl.Series([None], dtype=pl.String).new_from_index(0, texts.len())
    rows = pl.DataFrame({"text": texts, "zone": zones})
    distinct = rows.unique(maintain_order=True).drop_nulls("text")
    written = _parse(distinct, form)
    return rows.join(
        written, on=["text", "zone"], how="left", nulls_equal=True, maintain_order="left"
    ).get_column("written")


def _parse(distinct: pl.DataFrame, form: TimeForm) -> pl.DataFrame:
    """Add to each text and zone the time as ISO 8601, in the column ``written``."""
    text = _with_offset_of_letters(form)
    moments = distinct.with_columns(
        pl.struct(pl.lit(None, pl.Datetime("us")).alias("moment"), pl.lit(False).alias("is_utc")).alias(
            "read"
        )
    )
    for pattern in reversed(form.formats):
        moment, is_utc = _read_by(pattern, text)
        one = pl.struct(moment.alias("moment"), is_utc.alias("is_utc"))
        moments = moments.with_columns(
            pl.when(moment.is_not_null()).then(one).otherwise(pl.col("read")).alias("read")
        )
    moments = moments.unnest("read")
    if form.zone_column is not None:
        moments = _in_their_zones(moments, str(form.zone_names))
    else:
        moments = moments.with_columns(pl.lit(None, pl.String).alias("reason"))
    in_calendar = pl.when(pl.col("moment").dt.year().is_between(1, 9999)).then(pl.col("moment"))
    written = in_calendar.dt.strftime("%Y-%m-%d %H:%M:%S%.f") + pl.when("is_utc").then(
        pl.lit("+00:00")
    ).otherwise(pl.lit(""))
    reason = pl.coalesce("reason", pl.lit("in no format of the mapping"))
    return moments.select(
        "text", "zone", pl.coalesce(written, pl.format("{} ({})", "text", reason)).alias("written")
    )


def _with_offset_of_letters(form: TimeForm) -> pl.Expr:
    text = pl.col("text")
    if not form.letters:
        return text
    letters = text.str.extract(_LAST_LETTERS).str.to_uppercase()
    offset = letters.replace_strict(dict(form.letters), default=None, return_dtype=pl.String)
    return pl.coalesce(text.str.replace(_LAST_LETTERS, "") + " " + offset, text)


def _read_by(pattern: str, text: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return the time as naive Datetime, null where the pattern does not read it, and whether it is in UTC."""
    if pattern == "iso":
        moment = _without_second_60(parse_dates(text, "iso", "UTC"), text, None)
        return moment, parse_told(text, "iso").is_not_null()
    if pattern in {"us", "eu"}:
        return _without_second_60(parse_slashed(text, pattern), text, None), pl.lit(False)
    moment = _without_second_60(parse_pattern(text, pattern, "UTC"), text, pattern)
    return moment, pl.lit(tells_offset(pattern))


def _without_second_60(moment: pl.Expr, text: pl.Expr, pattern: str | None) -> pl.Expr:
    return pl.when(~has_second_60(text, pattern)).then(moment)


def _in_their_zones(moments: pl.DataFrame, zone_names: str) -> pl.DataFrame:
    """Convert local times to UTC by the zone of their row; a doubled hour is the first one."""
    zones = moments.get_column("zone").drop_nulls().unique().to_list()
    known = {zone: name for zone in zones if (name := zone_of(zone, zone_names)) is not None}
    local = pl.col("moment")
    in_utc = pl.lit(None, pl.Datetime("us"))
    for zone, name in known.items():
        converted = (
            local.dt.replace_time_zone(name, ambiguous="earliest", non_existent="null")
            .dt.convert_time_zone("UTC")
            .dt.replace_time_zone(None)
        )
        in_utc = pl.when(pl.col("zone") == zone).then(converted).otherwise(in_utc)
    is_read, is_known = local.is_not_null(), pl.col("zone").is_in(list(known))
    reason = (
        pl.when(is_read & pl.col("zone").is_null())
        .then(pl.lit("its time zone is missing"))
        .when(is_read & ~is_known)
        .then(pl.format("its time zone {} is unknown", pl.col("zone").str.head(40)))
        .when(is_read)
        .then(pl.lit("no time in its time zone"))
    )
    return moments.with_columns(
        pl.when("is_utc").then(local).otherwise(in_utc).alias("moment"),
        pl.lit(True).alias("is_utc"),
        reason.alias("reason"),
    )
