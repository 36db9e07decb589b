"""Rows that could not be split, of files with columns that are not stored: their text may hold what these do."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection

import polars as pl

from tasks.ingest.readers.open_quotes import MisplacedQuote, UnclosedQuote, parse_record

# Text with it may be an address of e-mail.
ADDRESS_MARK = "@"
# How an excerpt ends (``limits.Excerpt``).
_EXCERPT = re.compile(r"… \((?P<size>[0-9]+) bytes, SHA-256 (?P<digest>[0-9a-f]{64})\)$")


def digest_of(raw: str, delimiter: str) -> str:
    """Describe a row by its length, its fields and its hash, such as ``(131 bytes, 9 fields, SHA-256 9f86…)``.

    Args:
        raw: The row without its line end, as UTF-8; or an excerpt, of which fields are not known.
        delimiter: The character between fields.
    """
    if excerpt := _EXCERPT.search(raw):
        return f"({excerpt['size']} bytes, SHA-256 {excerpt['digest']})"
    data = raw.encode()
    fields = _count_fields(raw, delimiter)
    return f"({len(data)} bytes, {fields} field{'' if fields == 1 else 's'}, SHA-256 {hashlib.sha256(data).hexdigest()})"


def _count_fields(raw: str, delimiter: str) -> int:
    if '"' in raw:
        try:
            return len(parse_record([raw], delimiter))
        except (MisplacedQuote, UnclosedQuote):
            pass
    return raw.count(delimiter) + 1


def without_text(
    frame: pl.DataFrame, delimiter: str, hidden: Collection[int], marked: Collection[int]
) -> pl.DataFrame:
    """Describe the rows of a frame that could not be split in place of their text.

    Args:
        frame: Rows with ``source`` and ``raw``. With a column ``persons``, the text is kept there.
        delimiter: The character between fields.
        hidden: Sources of which no such row is shown.
        marked: Sources of which those are not shown that hold an @.
    """
    raw = pl.col("raw")
    is_hidden = raw.is_not_null() & (
        pl.col("source").is_in(list(hidden))
        | (pl.col("source").is_in(list(marked)) & raw.str.contains(ADDRESS_MARK, literal=True))
    )
    rows = frame.select(is_hidden).to_series().arg_true()
    if not rows.len():
        return frame
    texts = frame.get_column("raw")
    described = texts.scatter(rows, [digest_of(text, delimiter) for text in texts.gather(rows)])
    if "persons" in frame.columns:
        frame = frame.with_columns(pl.when(is_hidden).then(raw).otherwise("persons").alias("persons"))
    return frame.with_columns(described)
