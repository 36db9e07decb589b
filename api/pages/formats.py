"""How values are written in pages: numbers in groups, times with their zone, money with its currency."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

from tasks.outside_text import displayable

UNKNOWN = "not known"
_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_CENTS = Decimal("0.01")


def shown(value: object) -> object:
    """Return what a template prints for a value: text of any origin steers nothing and holds no secret."""
    if isinstance(value, Markup):
        return value
    return UNKNOWN if value is None else displayable(value)


def number(value: float | None) -> str:
    """Return a number with its digits in groups of three."""
    return UNKNOWN if value is None else f"{value:,}"


def score(value: float | None) -> str:
    """Return a score of 0 to 100. It is cut, not rounded: 100 stands for a perfect one alone."""
    if value is None:
        return UNKNOWN
    return "100" if value == 100 else f"{math.floor(round(value * 100, 6)) / 100:.2f}"


def size(value: int | None) -> str:
    """Return bytes in a unit that fits."""
    if value is None:
        return UNKNOWN
    amount = float(value)
    for unit in _UNITS:
        if amount < 1000 or unit == _UNITS[-1]:
            break
        amount /= 1000
    return f"{amount:,.0f} {unit}" if unit == "bytes" or amount >= 100 else f"{amount:,.1f} {unit}"


def money(amount: str, currency: str) -> str:
    """Return an amount with its currency: no digit is lost, and at least the cents are there."""
    exact = Decimal(amount).normalize()
    exponent = exact.as_tuple().exponent
    if isinstance(exponent, int) and exponent > -2:
        exact = exact.quantize(_CENTS)
    return f"{currency} {exact:,f}"


def when(value: datetime | str | None) -> str:
    """Return a time of the ledger in UTC."""
    if value is None:
        return UNKNOWN
    moment = _time(value)
    machine = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}">{}</time>').format(machine, f"{moment:%Y-%m-%d %H:%M} UTC")


def day(value: date | str | None) -> str:
    """Return a day."""
    if value is None:
        return UNKNOWN
    return Markup('<time datetime="{0}">{0}</time>').format(str(value))


def duration(start: datetime | str | None, end: datetime | str | None) -> str:
    """Return the time between two times."""
    if start is None or end is None:
        return UNKNOWN
    seconds = (_time(end) - _time(start)).total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def words(value: object) -> str:
    """Return a name of the ledger, such as ``timed_out``, as words."""
    return str(value).replace("_", " ")


def path(value: str) -> Markup:
    """Return the name of a delivery, which may break after each slash."""
    # As a whole: a password in an address is not found in its pieces.
    return Markup("/<wbr>").join(escape(part) for part in displayable(value).split("/"))


def lines(value: object) -> Markup:
    """Return text with its line breaks: text of our own, in which those of others are escaped already."""
    return escape(displayable(value, keep="\n"))


def _time(value: datetime | str) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(UTC)


FILTERS: Mapping[str, Callable[..., Any]] = {
    "day": day,
    "duration": duration,
    "lines": lines,
    "money": money,
    "number": number,
    "path": path,
    "score": score,
    "size": size,
    "when": when,
    "words": words,
}
