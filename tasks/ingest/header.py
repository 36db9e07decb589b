"""Match the header of a file to our columns, which have two families of names."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.errors import UnknownHeader
from tasks.ingest.schema import COLUMNS, HEADERS, OPTIONAL_HEADERS


def _normalised(name: str) -> str:
    return "".join(name.split()).replace("_", "").lower()


_NAMES = {column: tuple(_normalised(name) for name in names) for column, names in HEADERS.items()}
_COLUMN_BY_NAME = {name: column for column, names in _NAMES.items() for name in names} | {
    _normalised(name): column for column, names in OPTIONAL_HEADERS.items() for name in names
}
_NEEDED = ", ".join(names[0] for names in HEADERS.values()) + (
    f" (or {', '.join(name for names in HEADERS.values() for name in names[1:])})"
)


# A quoted name behind a byte-order mark keeps its quotes.
_MARKS = '\ufeff"'


@dataclass(frozen=True)
class Header:
    """The header of a file.

    Attributes:
        positions: Position in the file (from 0) of each of our columns, those of ``OPTIONAL_HEADERS`` where it has them.
        ignored: Names of the file's other columns, which are not read.
        width: Number of columns in the file.
        names: Names of all columns as in the file, in its order.
    """

    positions: dict[str, int]
    ignored: tuple[str, ...]
    width: int
    names: tuple[str, ...] = ()


def is_same_name(name: str, other: str) -> bool:
    """Return whether two column names are the same, or name the same column of ours.

    A byte-order mark in front is passed over: it comes with each file of those that were put behind one another.
    """
    one, two = _normalised(name.strip(_MARKS)), _normalised(other.strip(_MARKS))
    return one == two or _COLUMN_BY_NAME.get(one, one) == _COLUMN_BY_NAME.get(two, two)


def comparable_names(header: Header) -> frozenset[str]:
    """Names of columns, ours and those of a header: lower case, without white space and underscores."""
    return frozenset(_COLUMN_BY_NAME) | {_normalised(name) for name in header.names}


def count_known_columns(names: Sequence[str]) -> int:
    """Count our columns among ``names``."""
    return len({_COLUMN_BY_NAME.get(_normalised(name)) for name in names} - {None})


def match_header(names: Sequence[str], delivery: str) -> Header:
    """Find our columns in a header, in any order; case, white space and underscores do not matter.

    Args:
        names: Column names of the file.
        delivery: Name of the delivery, for errors.

    Raises:
        UnknownHeader: A column is missing or occurs twice. The message lists the names in the file, the
            missing columns, and the most similar name for each.
    """
    positions: dict[str, int] = {}
    ignored: list[str] = []
    for position, name in enumerate(names):
        column = _COLUMN_BY_NAME.get(_normalised(name))
        if column is None:
            ignored.append(name.strip())
        elif column in positions:
            both = f"{names[positions[column]].strip()!r} and {name.strip()!r}"
            raise UnknownHeader(
                f"the header has one column twice: {both}.", "Remove one of them.", delivery=delivery
            )
        else:
            positions[column] = position
    missing = [column for column in COLUMNS if column not in positions]
    if missing:
        in_file = ", ".join(repr(name.strip()[:40]) for name in names[:12])
        listed = ", ".join(column + _most_similar(column, ignored) for column in missing)
        raise UnknownHeader(
            f"unknown header. Found: {in_file}. Missing: {listed}.",
            f"Deliver the columns {_NEEDED}.",
            delivery=delivery,
        )
    return Header(positions, tuple(name for name in ignored if name), len(names), tuple(names))


def _most_similar(column: str, names: Sequence[str]) -> str:
    originals = {_normalised(name): name for name in names}
    for known in _NAMES[column]:
        if similar := difflib.get_close_matches(known, list(originals), n=1):
            return f" (most similar: {originals[similar[0]][:40]!r})"
    return ""
