"""Match the header of a file to our columns, which have two families of names and some usual aliases."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tasks.errors import UnknownHeader
from tasks.ingest.column_words import may_be, speaks_of_currency, words_of
from tasks.ingest.mapping.model import ColumnMapping, LineForm
from tasks.ingest.schema import ALIASES, ALL_HEADERS, COLUMNS, HEADERS, OPTIONAL_HEADERS, TIME_NAMES


@lru_cache(maxsize=1024)
def fold_name(name: str) -> str:
    """Return a name without what does not matter in it: case, white space, underscores, a byte-order mark."""
    return "".join(name.removeprefix("\ufeff").split()).replace("_", "").lower()


# For what is proposed to people, in other languages too.
_TIME_NAMES = TIME_NAMES - {"timezone"} | {"uhrzeit", "zeit", "heure", "hora", "ora", "tijd", "godzina"}
_NAMES = {column: tuple(fold_name(name) for name in names) for column, names in HEADERS.items()}
_COLUMN_BY_NAME = {name: column for column, names in _NAMES.items() for name in names} | {
    fold_name(name): column for column, names in OPTIONAL_HEADERS.items() for name in names
}
_ALIASES = {fold_name(name): column for column, names in ALIASES.items() for name in names}
_NEEDED = ", ".join(names[0] for names in HEADERS.values()) + (
    f" (or {', '.join(name for names in HEADERS.values() for name in names[1:])})"
)
# A price that may be the amount of a line: no command takes it for that of a piece.
_OF_LINE = re.compile(r"(?i)\b(net|gross|total)\b")
# A column that may stay out is not worth a guess: Discount is no Country.
_OPTIONAL_CUTOFF = 0.75
# A letter or two of a name of ours are wrong.
_MISSPELT_CUTOFF = 0.87
# A record with fewer names that we know may be one of values, which are digits and signs, at least two digits.
_FEWEST_KNOWN = 3
_VALUE = re.compile(r"[\d\W_]*\d[\d\W_]*\d[\d\W_]*")
# Columns that a sales line may lack.
_OPTIONAL = ("description", "customer_id", "country")


# A quoted name behind a byte-order mark keeps its quotes.
_MARKS = '\ufeff"'


@dataclass(frozen=True)
class Header:
    """The header of a file.

    Attributes:
        positions: Position in the file (from 0) of each column that is read: ours, those of ``OPTIONAL_HEADERS`` where it
            has them, or those of the mapping.
        ignored: Names of the file's other columns, which are not read.
        width: Number of columns in the file.
        names: Names of all columns as in the file, in its order.
        mapping: The mapping with the columns that this file has; None if it is read by the names of its columns.
    """

    positions: dict[str, int]
    ignored: tuple[str, ...]
    width: int
    names: tuple[str, ...] = ()
    mapping: ColumnMapping | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read, in the order in which a reader yields them."""
        return tuple(self.positions)


def our_column(name: str) -> str | None:
    """Return the column of ours that has a name; None if none has."""
    return _COLUMN_BY_NAME.get(fold_name(name))


def alias_column(name: str) -> str | None:
    """Return the column of ours that has an alias; None if none has."""
    return _ALIASES.get(fold_name(name))


def is_time_name(name: str) -> bool:
    """Return whether a name is one of a column with the time of the day."""
    return fold_name(name) in _TIME_NAMES


def is_same_name(name: str, other: str) -> bool:
    """Return whether two column names are the same, or name the same column of ours.

    A byte-order mark in front is passed over: it comes with each file of those that were put behind one another.
    """
    one, two = fold_name(name.strip(_MARKS)), fold_name(other.strip(_MARKS))
    return one == two or _COLUMN_BY_NAME.get(one, one) == _COLUMN_BY_NAME.get(two, two)


def comparable_names(header: Header) -> frozenset[str]:
    """Names of columns, ours and those of a header: lower case, without white space and underscores."""
    return frozenset(_COLUMN_BY_NAME) | {fold_name(name) for name in header.names}


def count_known_columns(names: Sequence[str]) -> int:
    """Count our columns among ``names``."""
    return len({_COLUMN_BY_NAME.get(fold_name(name)) for name in names} - {None})


def match_header(names: Sequence[str], delivery: str) -> Header:
    """Find our columns in a header, in any order; case, white space and underscores do not matter.

    Args:
        names: Column names of the file.
        delivery: Name of the delivery, for errors.

    Raises:
        UnknownHeader: A column is missing or occurs twice. The message lists the names in the file, the
            missing columns, the most similar name for each, and the command that loads the file where there is one.
    """
    positions = usual_positions(names, delivery)
    missing = [column for column in COLUMNS if column not in positions]
    if missing:
        raise unknown_header(names, missing, positions.values(), delivery)
    left = [name.strip() for position, name in enumerate(names) if position not in positions.values()]
    return Header(positions, tuple(name for name in left if name), len(names), tuple(names))


def usual_positions(
    names: Sequence[str], delivery: str, without: Collection[str] = (), taken: Collection[int] = ()
) -> dict[str, int]:
    """Find our columns under their names, and those that are not there under their aliases.

    Args:
        names: Column names of the file.
        delivery: Name of the delivery, for errors.
        without: Columns of ours that are not looked for.
        taken: Positions that a mapping reads.

    Returns:
        Position of each column that was found.

    Raises:
        UnknownHeader: A column occurs twice.
    """
    positions: dict[str, int] = {}
    for known, found in ((_COLUMN_BY_NAME, dict[str, int]()), (_known_aliases(names), {})):
        for position, name in enumerate(names):
            column = known.get(fold_name(name))
            if column is None or column in without or column in positions or position in taken:
                continue
            if column in found:
                both = f"{names[found[column]].strip()!r} and {name.strip()!r}"
                step = "Remove one of them."
                if known is not _COLUMN_BY_NAME:
                    step = f"Say which one it is: {_command(delivery, [(name.strip(), column)])}"
                raise UnknownHeader(f"the header has one column twice: {both}.", step, delivery=delivery)
            found[column] = position
        positions |= found
    return positions


def _known_aliases(names: Sequence[str]) -> Mapping[str, str]:
    """The aliases, without those of the date where the time has a column of its own."""
    if not any(fold_name(name) in TIME_NAMES for name in names):
        return _ALIASES
    return {alias: column for alias, column in _ALIASES.items() if column != "invoice_date"}


def unknown_header(
    names: Sequence[str],
    missing: Sequence[str],
    read: Collection[int],
    delivery: str,
    given: LineForm | None = None,
) -> UnknownHeader:
    """Build the error for a header in which columns of ours are missing.

    Args:
        names: Column names of the file.
        missing: The missing columns.
        read: Positions of the columns that were found.
        delivery: Name of the delivery.
        given: Columns and constants that are told already.
    """
    left = [name.strip() for position, name in enumerate(names) if position not in read]
    if looks_like_values(names):
        left = []
    in_file = shown_names(names)
    similar = most_similar(missing, left)
    listed = ", ".join(
        column + (f" (most similar: {similar[column][:40]!r})" if column in similar else "")
        for column in missing
    )
    columns = [(name, column) for column, name in similar.items()]
    if "invoice_date" in similar:  # the time of the day, where it has a column of its own
        columns += [(name, "invoice_date") for name in left if is_time_name(name)]
    currencies = [*filter(speaks_of_currency, left)]
    if len(currencies) == 1 and not _tells_currency(names, given):
        columns.append((currencies[0], "currency"))
    constants = [column for column in missing if column in _OPTIONAL and column not in similar]
    propose = f"{shlex.join(['retail', 'map', delivery])} > my.toml"
    step = (
        f"Deliver the columns {_NEEDED}, or say which they are in the mapping that this proposes: {propose}"
    )
    is_of_line = _OF_LINE.search(similar.get("unit_price", "")) is not None
    if len(similar) + len(constants) == len(missing) and not is_of_line:
        step = f"If these are the columns, run: {_command(delivery, columns, constants, given)}"
    return UnknownHeader(f"unknown header. Found: {in_file}. Missing: {listed}.", step, delivery=delivery)


def _tells_currency(names: Sequence[str], given: LineForm | None) -> bool:
    told = {*given.columns, *given.constants} if given else set()
    return "currency" in {*told, *map(our_column, names)}


def _command(
    delivery: str,
    columns: Sequence[tuple[str, str]],
    constants: Sequence[str] = (),
    given: LineForm | None = None,
) -> str:
    """The command that loads a file by columns, with those that are given already, and empty constants."""
    both = [(name, ours) for ours, names in given.columns.items() for name in names] if given else []
    texts = dict(given.constants) if given else {}
    texts |= dict.fromkeys(constants, "")
    words = ["retail", "etl", delivery]
    for name, column in [*both, *columns]:
        words += ["--column", f"{name}={ALL_HEADERS[column][0]}"]
    for column, text in texts.items():
        words += ["--constant", f"{ALL_HEADERS[column][0]}={text}"]
    return shlex.join(words)


def looks_like_values(names: Sequence[str]) -> bool:
    """Return whether a first record is one of values rather than of names: it has dates, numbers or addresses."""
    known = {our_column(name) or alias_column(name) for name in names} - {None}
    return len(known) < _FEWEST_KNOWN and any("@" in name or _VALUE.fullmatch(name.strip()) for name in names)


def shown_names(names: Sequence[str]) -> str:
    """List the names of a header for an error; of a first record of values, which may be a person's, their number."""
    if looks_like_values(names):
        return f"{len(names)} values, which look like those of a line"
    return ", ".join(repr(name.strip()[:40]) for name in names[:12])


def most_similar(missing: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Return for columns of ours the name in a file that is most similar to theirs, each name once.

    It is a hint for people; nothing is read by it.
    """
    left = [name for name in names if name]
    similar: dict[str, str] = {}
    for column in missing:
        known = (*_NAMES[column], *(alias for alias, ours in _ALIASES.items() if ours == column))
        if (
            found := _misspelt(column, known, left)
            or _longer(column, known, left)
            or _alike(column, known, left)
        ):
            similar[column] = found
            left.remove(found)
    return similar


def _misspelt(column: str, known: Sequence[str], names: Sequence[str]) -> str | None:
    folded = {fold_name(name): name for name in names if may_be(name, column, is_misspelt=True)}
    return _closest(known, folded, _MISSPELT_CUTOFF)


def _longer(column: str, known: Sequence[str], names: Sequence[str]) -> str | None:
    """The shortest name that ends with one of ours, such as Lineitem sku."""
    found = [name for name in names if may_be(name, column) and not _ends(name).isdisjoint(known)]
    return min(found, key=len, default=None)


def _ends(name: str) -> frozenset[str]:
    words = words_of(name)
    return frozenset("".join(words[start:]) for start in range(1, len(words)))


def _alike(column: str, known: Sequence[str], names: Sequence[str]) -> str | None:
    folded = {fold_name(name): name for name in names if may_be(name, column)}
    return _closest(known, folded, _OPTIONAL_CUTOFF if column in _OPTIONAL else 0.6)


def _closest(known: Sequence[str], folded: Mapping[str, str], cutoff: float) -> str | None:
    for name in known:
        if near := difflib.get_close_matches(name, list(folded), n=1, cutoff=cutoff):
            return folded[near[0]]
    return None
