"""Codes (invoice numbers and stock codes) as the shop meant them, without what programs leave in them.

A change here changes identities of lines: it needs a revision that brings the lines of a warehouse along, as
``0016_codes`` does.
"""

from __future__ import annotations

import polars as pl

# Characters of Unicode's category Cf (version 15), such as the byte-order mark, zero-width spaces, the soft hyphen and
# directional marks. A list, since the category grows with the version that a library knows. First and last of a range.
INVISIBLE = (
    (0xAD, 0xAD),
    (0x600, 0x605),
    (0x61C, 0x61C),
    (0x6DD, 0x6DD),
    (0x70F, 0x70F),
    (0x890, 0x891),
    (0x8E2, 0x8E2),
    (0x180E, 0x180E),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x2064),
    (0x2066, 0x206F),
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0001, 0xE0001),
    (0xE0020, 0xE007F),
)
_INVISIBLE = "[" + "".join(rf"\x{{{first:X}}}-\x{{{last:X}}}" for first, last in INVISIBLE) + "]"
# A whole number as a column of floats or decimals has it. A 64-bit float represents fifteen digits exactly, and
# 1.000 may be a thousand.
_WHOLE = r"^(?:([0-9]{1,15})[.,](?:0{1,2}|0{4,})|([0-9]{4,15})[.,]000)$"
_EXPONENT = "[0-9]{1,3}"
# With a decimal mark, a plus sign, or one digit before the E: 12E4 and 2010E-1 are written by no program, but may be codes.
_E_NOTATION = (
    rf"(?:[0-9]+[.,][0-9]*|[.,][0-9]+)E[+-]?{_EXPONENT}",
    rf"[0-9]+E\+{_EXPONENT}",
    rf"[1-9]E-?{_EXPONENT}",
)
_ROUNDED = rf"^(?:[+-]?(?:{'|'.join(_E_NOTATION)})|[0-9]{{16,}}[.,]0+)$"


def without_invisible(texts: pl.Series) -> pl.Series:
    """Remove invisible characters and then blanks at the ends of texts; null where nothing is left."""
    # They are beyond ASCII, as few codes are.
    if not (texts.str.len_bytes() == texts.str.len_chars()).all():
        texts = texts.str.replace_all(_INVISIBLE, "")
    rest = texts.str.strip_chars()
    return rest.set(rest == "", None)


def normalise_code(texts: pl.Series) -> pl.Series:
    """Normalise codes: no invisible characters, trimmed, in upper case, ``700001.0`` as ``700001``.

    Normalising twice changes nothing more. Null where nothing is left.
    """
    codes = without_invisible(texts).str.to_uppercase()
    has_decimals = codes.str.contains("[.,]").any()
    return codes.str.replace(_WHOLE, "${1}${2}") if has_decimals else codes


def is_rounded(codes: pl.Series) -> pl.Series:
    """Return whether normalised codes are numbers that a program has rounded, as 5.36E+05 is; null for null."""
    return codes.str.contains(_ROUNDED)
