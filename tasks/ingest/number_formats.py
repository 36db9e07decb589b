"""Read the text of a number by a decimal mark.

With one of point and comma as the decimal mark, the other one, blanks and apostrophes group thousands.
"""

from __future__ import annotations

import re

import polars as pl

DECIMAL_MARKS = (".", ",")
# A blank, a no-break blank, a narrow no-break blank, and two apostrophes.
_OTHER_GROUP_MARKS = (" ", "\u00a0", "\u202f", "'", "\u2019")
_GROUP_MARKS = {",": (".", *_OTHER_GROUP_MARKS), ".": (",", *_OTHER_GROUP_MARKS)}


def _pattern(decimal: str) -> str:
    mark = re.escape(decimal)
    groups = "|".join(f"(?:{re.escape(group)}[0-9]{{3}})+" for group in _GROUP_MARKS[decimal])
    plain = rf"[0-9]+(?:{mark}[0-9]*)?|{mark}[0-9]+"
    # A number that begins with 0 has no thousands: 0.500 is half.
    grouped = rf"[1-9][0-9]{{0,2}}(?:{groups})(?:{mark}[0-9]*)?"
    return rf"^[+-]?(?:{plain}|{grouped})$"


_PATTERNS = {decimal: _pattern(decimal) for decimal in DECIMAL_MARKS}
_GROUPS = {decimal: f"[{re.escape(''.join(marks))}]" for decimal, marks in _GROUP_MARKS.items()}


def parse_number(text: pl.Expr, decimal: str) -> pl.Expr:
    """Read numbers such as `1,234.50`, `1 234.5` and `.5`.

    Args:
        text: Numbers as text.
        decimal: The decimal mark, ``.`` or ``,``.

    Returns:
        The number as text with a point as its decimal mark and without marks between thousands, null where the text
        is not a number in this reading. Digits stay as they are: nothing is rounded.
    """
    trimmed = text.str.strip_chars()
    without_groups = trimmed.str.replace_all(_GROUPS[decimal], "")
    number = without_groups.str.replace(decimal, ".", literal=True)
    return pl.when(trimmed.str.contains(_PATTERNS[decimal])).then(number)
