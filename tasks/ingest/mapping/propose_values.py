"""What the first values of a file tell a proposed mapping: how its times and amounts are written."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime

from tasks.ingest.header import fold_name

# Formats that the feed's own date formats do not read; 12/1/2010 and ISO 8601 need none.
_DAYS = (
    "%d.%m.%Y",
    "%d.%m.%y",
    "%Y.%m.%d",
    "%Y%m%d",
    "%d-%b-%Y",
    "%b-%d-%y",
    "%d %b %Y",
    "%b %d, %Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
)
_TIMES = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p", ", %H:%M", ", %H:%M:%S")
_BY_FEED = re.compile(r"\d{4}-\d\d?-\d\d?\b|\d\d?/\d\d?/\d{2,4}\b")
_MARKED = re.compile(
    r"^[-+(]?(?P<before>[^\d\s.,'()+-]{0,3})\s?[-+]?[\d.,'\s]*\d[\d.,'\s]*?\s?(?P<behind>[^\d\s.,'()+-]{0,3})[)-]?$"
)
_COMMA = re.compile(r"\d,(?:\d{1,2}|\d{4,})\D*$")
_POINT = re.compile(r"\d\.(?:\d{1,2}|\d{4,})\D*$")
# Folded names of columns with an amount of the line or a store, which no name tells for sure.
_AMOUNTS = frozenset(
    {
        "amount",
        "lineamount",
        "linetotal",
        "itemtotal",
        "sales",
        "grosssales",
        "netsales",
        "grossprice",
        "subtotal",
        "total",
        "totalprice",
    }
)
_STORES = frozenset({"store", "storename", "location", "branch", "shop", "outlet", "register", "till", "pos"})


def time_formats(texts: Collection[str]) -> list[str]:
    """Return the formats that read all of some times, at most two; empty if none does or the feed's own does."""
    if not texts or any(_BY_FEED.match(text) for text in texts):
        return []
    formats = [f"{day}{time}" for day in _DAYS for time in _TIMES]
    return [one for one in formats if all(_is_read(text, one) for text in texts)][:2]


def _is_read(text: str, pattern: str) -> bool:
    try:
        datetime.strptime(text, pattern)
    except ValueError:
        return False
    return True


def amount_marks(texts: Collection[str]) -> list[str]:
    """Return the marks beside amounts, such as $; empty if there are none."""
    found = [match for text in texts if (match := _MARKED.match(text))]
    # A share is no amount: without its mark it would be one.
    marks = {
        mark for match in found for mark in (match["before"], match["behind"]) if mark and "%" not in mark
    }
    return sorted(marks)


def decimal_mark(texts: Collection[str]) -> str | None:
    """Return the decimal mark that amounts show; None if they show none, or both."""
    comma, point = (any(pattern.search(text) for text in texts) for pattern in (_COMMA, _POINT))
    return None if comma == point else "," if comma else "."


def amount_columns(names: Sequence[str]) -> list[str]:
    """Return the columns that may hold the amount of the line."""
    return [name for name in names if fold_name(name) in _AMOUNTS]


def store_columns(names: Sequence[str]) -> list[str]:
    """Return the columns that may name the store."""
    return [name for name in names if fold_name(name) in _STORES]
