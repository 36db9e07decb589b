"""The country NA: Namibia, or a missing value as R and pandas write it. Nothing is guessed where both fit."""

from __future__ import annotations

import polars as pl

from tasks.ingest.ingested import Bronze
from tasks.validate.missing_words import DEFAULT_WORDS
from tasks.workspace import outputs
from tasks.workspace.integrity import read_checked
from tasks.workspace.parquet_parts import dictionary_encode, read_part

_NAMIBIA = "NA"


def may_have_namibia(countries: pl.Series, setting: str | None) -> bool:
    """Return whether the country NA is among some texts of a feed that has not said what it means."""
    if setting is not None:
        return False
    texts, _ = dictionary_encode(countries)
    return bool(texts.str.strip_chars().str.to_uppercase().eq(_NAMIBIA).any())


def unclear_countries(bronze: Bronze) -> dict[str, str]:
    """Find the deliveries in which the country NA may be Namibia: among two-letter codes, or the only one.

    Args:
        bronze: A batch in which NA is a country.

    Returns:
        What is unclear, by name of the delivery: the first line with NA, and another code of the delivery.
    """
    country = pl.col("country").cast(pl.String).str.strip_chars()
    parts = []
    for number in range(bronze.parts):
        part = read_part(
            read_checked(outputs.part_path(bronze.folder, number)), ("delivery", "country"), ("line_no",)
        )
        parts.append(
            part.select(pl.col("delivery").cast(pl.String), country, "line_no")
            .filter(~country.str.to_uppercase().is_in([word for word in DEFAULT_WORDS if word != _NAMIBIA]))
            .group_by("delivery", "country")
            .agg(pl.col("line_no").min())
        )
    is_na = pl.col("country").str.to_uppercase() == _NAMIBIA
    is_code = ~is_na & pl.col("country").str.contains("^[A-Za-z]{2}$")
    found = (
        pl.concat(parts)
        .filter(pl.col("country").str.len_bytes() > 0)
        .group_by("delivery")
        .agg(
            line=pl.col("line_no").filter(is_na).min(),
            code=pl.col("country").filter(is_code).min(),
            others=(~is_na).sum(),
        )
        .filter(pl.col("line").is_not_null() & (pl.col("code").is_not_null() | (pl.col("others") == 0)))
    )
    return {
        name: f"its country NA (line {line}) may be Namibia"
        + (f", as {code} among its countries is a code," if code else "")
        + " or a missing value."
        for name, line, code in found.select("delivery", "line", "code").iter_rows()
    }


def both_settings() -> str:
    """Say how to settle what NA is."""
    without = ",".join(word for word in DEFAULT_WORDS if word != _NAMIBIA)
    return (
        f'Set the words for missing: --missing-words "{without}" reads NA as a country, --missing-words '
        f'"{_NAMIBIA},{without}" as missing.'
    )
