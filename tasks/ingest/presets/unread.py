"""What to change in a preset for a file whose times or numbers are written otherwise, as a mapping of one's own says it."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tasks.ingest.currency import without_mark
from tasks.ingest.date_formats import NAMED_FORMATS, parse_local, parse_slashed, parse_told
from tasks.ingest.instants import tells_offset
from tasks.ingest.mapping.model import ColumnMapping
from tasks.ingest.mapping.propose import toml_string
from tasks.ingest.mapping.propose_values import amount_marks, time_formats
from tasks.ingest.number_formats import DECIMAL_MARKS, parse_number

# Behind a text that a mapping does not read.
_REASON = r" \([^()]*\)$"
_PATTERN = "%d.%m.%Y %H:%M"
_MEANINGS = {"us": "month first", "eu": "day first"}


def as_delivered(texts: pl.Series) -> list[str]:
    """Return the different texts that a mapping did not read, without its reason behind them."""
    return texts.drop_nulls().str.replace(_REASON, "").unique(maintain_order=True).to_list()


def time_change(texts: Sequence[str], preset: ColumnMapping) -> tuple[str, tuple[str, ...]]:
    """Say which formats read times.

    Args:
        texts: Times as delivered, which the preset does not read.
        preset: The preset.

    Returns:
        A clause that begins with a verb, and the settings of the feed that must be given then.
    """
    formats = [name for name in NAMED_FORMATS if _are_read(texts, name)] or time_formats(texts)
    if formats:
        told = " or ".join(
            f"formats = [{toml_string(name)}]" + (f" ({_MEANINGS[name]})" if name in _MEANINGS else "")
            for name in formats
        )
        change = f"write {told} under [line.time]"
    else:
        change = f"write how they look as formats under [line.time], as in {toml_string(_PATTERN)}"
    if (
        not _tells_offset(preset.line.time.formats)
        or not formats
        or formats == ["iso"]
        or _tells_offset(formats)
    ):
        return change, ()
    # A spreadsheet drops the offset where it saves the file.
    return f"{change} (they have lost the UTC offset of the export; better export the file again)", (
        "timezone",
    )


def _tells_offset(formats: Sequence[str]) -> bool:
    return any(tells_offset(pattern) for pattern in formats if pattern not in NAMED_FORMATS)


def number_change(texts: Sequence[str]) -> str:
    """Say which key reads numbers, as a clause that begins with a verb; empty if none is found.

    Args:
        texts: Numbers as delivered, which the preset does not read.
    """
    numbers = pl.DataFrame({"text": texts}).select(without_mark(pl.col("text")).alias("text"))
    for mark in DECIMAL_MARKS:
        if numbers.select(parse_number(pl.col("text"), mark).is_not_null().all()).item():
            return f"write decimal = {toml_string(mark)} under [read]"
    if marks := amount_marks(texts):
        return f"write marks = [{', '.join(map(toml_string, marks))}] under [line.amount]"
    return ""


def _are_read(texts: Sequence[str], date_format: str) -> bool:
    text = pl.col("text")
    if date_format == "iso":
        is_read = parse_local(text, "iso").is_not_null() | parse_told(text, "iso").is_not_null()
    else:
        is_read = parse_slashed(text, date_format).is_not_null()
    return bool(pl.DataFrame({"text": texts}).select(is_read.all()).item())
