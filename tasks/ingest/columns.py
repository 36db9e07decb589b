"""The two families of headers, and how a file's own columns are found in them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.errors import UnknownHeader
from tasks.ingest.schema import COLUMNS, HEADERS


def _folded(name: str) -> str:
    return "".join(name.split()).replace("_", "").lower()


_NAMES = {column: tuple(_folded(name) for name in names) for column, names in HEADERS.items()}
_KNOWN = {name: column for column, names in _NAMES.items() for name in names}
_NEEDED = ", ".join(names[0] for names in HEADERS.values()) + (
    f" (or {', '.join(name for names in HEADERS.values() for name in names[1:])})"
)


@dataclass(frozen=True)
class Header:
    """Where our columns stand in a file, and the columns beyond them, which are ignored."""

    positions: dict[str, int]
    ignored: tuple[str, ...]
    width: int


def known(names: Sequence[str]) -> int:
    """How many of our columns are among ``names``."""
    return len({_KNOWN.get(_folded(name)) for name in names} - {None})


def match(names: Sequence[str], delivery: str) -> Header:
    """Find our eight columns among a file's ``names``, in any order, case and with any blanks.

    Raises UnknownHeader, saying what was found, what is missing and the nearest names.
    """
    positions: dict[str, int] = {}
    ignored: list[str] = []
    for position, name in enumerate(names):
        column = _KNOWN.get(_folded(name))
        if column is None:
            ignored.append(name.strip())
        elif column in positions:
            both = f"{names[positions[column]].strip()!r} and {name.strip()!r}"
            raise UnknownHeader(
                f"the header names one column twice: {both}.", "Leave one of the two.", delivery=delivery
            )
        else:
            positions[column] = position
    missing = [column for column in COLUMNS if column not in positions]
    if missing:
        found = ", ".join(repr(name.strip()[:40]) for name in names[:12])
        lacking = ", ".join(column + _nearest(column, ignored) for column in missing)
        raise UnknownHeader(
            f"unknown header. Found: {found}. Missing: {lacking}.", f"Needed: {_NEEDED}.", delivery=delivery
        )
    return Header(positions, tuple(name for name in ignored if name), len(names))


def _nearest(column: str, names: Sequence[str]) -> str:
    written = {_folded(name): name for name in names}
    for wanted in _NAMES[column]:
        if close := difflib.get_close_matches(wanted, list(written), n=1):
            return f" (nearest: {written[close[0]][:40]!r})"
    return ""
