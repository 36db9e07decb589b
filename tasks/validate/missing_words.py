"""Words that stand for a missing value, as databases, spreadsheets and data frames write them."""

from __future__ import annotations

from functools import cache

import polars as pl

from tasks.errors import SettingsError
from tasks.ingest.reading import USUAL_MISSING_WORDS

NO_WORDS = "none"
# Compared without regard to case.
DEFAULT_WORDS = USUAL_MISSING_WORDS


def checked_words(text: str) -> str:
    """Return a setting of missing words in one spelling: upper case, each once, in order.

    Args:
        text: Words separated by commas, or ``none``.

    Raises:
        SettingsError: There is no word in it.
    """
    if text.strip().lower() == NO_WORDS:
        return NO_WORDS
    words = sorted({word.strip().upper() for word in text.split(",")} - {""})
    if not words:
        raise SettingsError(
            f"missing_words: {text!r} has no word.",
            "Use words separated by commas, such as NULL,n/a, or none.",
            setting="missing_words",
        )
    return ",".join(words)


def words(setting: str | None) -> tuple[str, ...]:
    """Return the words of a feed's setting, in upper case; None means the usual ones."""
    if setting is None:
        return DEFAULT_WORDS
    return () if setting == NO_WORDS else tuple(setting.split(","))


def without_missing(text: pl.Expr, setting: str | None) -> pl.Expr:
    """Return trimmed text with null for the words of a feed's setting."""
    pattern = _pattern(words(setting))
    return pl.when(~text.str.contains(pattern)).then(text) if pattern else text


@cache
def _pattern(missing: tuple[str, ...]) -> str:
    # A third of the time of upper case and is_in.
    return f"(?i)^(?:{'|'.join(map(pl.escape_regex, missing))})$" if missing else ""
