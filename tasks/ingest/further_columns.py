"""The columns of a file that are read for nothing: which are kept as attributes, and which may be of persons."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from tasks.ingest.column_words import speaks_of_money_or_state, speaks_of_person
from tasks.ingest.header import Header, fold_name
from tasks.ingest.mapping.model import Persons

# Names of these columns in frames: no column of ours, or of a mapping, has one.
FURTHER = "further:"
_NAME_CHARACTERS = 200


@dataclass(frozen=True)
class FurtherColumns:
    """The columns that are read for nothing.

    Attributes:
        kept: Position in the file of each column that is kept, by the key that it has in the attributes, sorted.
        asked: Keys that the mapping asks to keep, whatever they hold.
        known: Folded names of columns that the signature of the mapping has.
        listed: Position of each column that the mapping lists under persons, by its key.
        personal: Position of each of the others that is not stored, since its name speaks of a person.
        keeps_persons: Whether those that are not stored are read for bronze all the same.
    """

    kept: Mapping[str, int] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    listed: Mapping[str, int] = field(default_factory=dict)
    personal: Mapping[str, int] = field(default_factory=dict)
    keeps_persons: bool = False

    @property
    def persons(self) -> dict[str, int]:
        """Position of each column that is not stored, by its key, sorted."""
        return dict(sorted({**self.listed, **self.personal}.items()))

    @property
    def columns(self) -> dict[str, int]:
        """Names in a reader's frames of the columns that it reads, with their positions in the file."""
        read = {**self.kept, **(self.persons if self.keeps_persons else {})}
        return {FURTHER + key: position for key, position in read.items()}

    @property
    def telling(self) -> tuple[str, ...]:
        """Keys of those that are kept, that the mapping does not know, and that speak of money or of a sale's state."""
        return tuple(
            key
            for key in self.kept
            if key not in self.asked and fold_name(key) not in self.known and speaks_of_money_or_state(key)
        )

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal for files whose further columns are read alike."""
        return (*self.columns.items(), self.asked, tuple(self.listed), tuple(self.personal))


def find_further(header: Header, *, keeps_persons: bool = False) -> FurtherColumns:
    """Divide the columns of a header that are read for nothing."""
    read = set(header.positions.values())
    left = {position: name.strip() for position, name in enumerate(header.names) if position not in read}
    if not left:
        return FurtherColumns()
    persons = header.mapping.persons if header.mapping else Persons()
    wanted = frozenset(map(fold_name, header.mapping.kept_columns if header.mapping else ()))
    kept, listed, personal = dict[str, int](), dict[str, int](), dict[str, int]()
    asked = set[str]()
    no_persons = frozenset(map(fold_name, persons.except_))
    for position, name in left.items():
        key = _key(name, position, {*kept, *listed, *personal})
        if _is_listed(name, persons):
            listed[key] = position
        elif fold_name(name) in wanted:
            asked.add(key)
            kept[key] = position
        elif speaks_of_person(name) and fold_name(name) not in no_persons:
            personal[key] = position
        else:
            kept[key] = position
    return FurtherColumns(
        dict(sorted(kept.items())), frozenset(asked), _known(header), listed, personal, keeps_persons
    )


def _known(header: Header) -> frozenset[str]:
    if header.mapping is None:
        return frozenset()
    signature = header.mapping.signature
    return frozenset(map(fold_name, (*itertools.chain(*signature.required), *signature.optional)))


def _is_listed(name: str, persons: Persons) -> bool:
    folded = fold_name(name)
    if folded in map(fold_name, persons.except_):
        return False
    # A blank at the end of a start counts: `Shipping ` begins Shipping Name, and not Shipping.
    starts = tuple(start.casefold() for start in persons.starting)
    return folded in map(fold_name, persons.columns) or bool(starts and name.casefold().startswith(starts))


def _key(name: str, position: int, taken: Collection[str]) -> str:
    """The key of a column: its name, or its number if it has none; a second column of a name gets its number too."""
    # Postgres takes no NUL in jsonb.
    key = name[:_NAME_CHARACTERS].replace("\0", "\ufffd") or f"column {position + 1}"
    while key in taken:
        key += f" (column {position + 1})"
    return key
