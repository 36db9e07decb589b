"""What a backup refers to in Supabase's managed schemas, which it does not hold: tables and functions of the platform."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tasks.backup.catalogue.identifiers import parts_of

Kind = Literal["table", "function"]

# Without functions, whose bodies Postgres reads when they are called.
_SECTIONS = ("relations", "types", "constraints", "indexes", "policies", "triggers", "rules")
_NAME = r'(?:"(?:[^"]|"")+"|[a-z_]\w*)'
# As Postgres prints expressions. A table only where nothing else can stand: elsewhere the schema may be an alias.
_FUNCTION = re.compile(rf'(?<![\w".])({_NAME}\.{_NAME})\(')
_TABLE = re.compile(rf"\b(?:FROM|JOIN|REFERENCES) \(*({_NAME}\.{_NAME})")


@dataclass(frozen=True)
class ManagedReference:
    """An object of the backup that refers to one of a managed schema.

    Attributes:
        section: Section of the catalogue.
        key: The object's name there.
        kind: What it refers to.
        name: Qualified name of that.
    """

    section: str
    key: str
    kind: Kind
    name: str


def managed_references(
    catalogue: Mapping[str, Any], managed: Collection[str]
) -> tuple[ManagedReference, ...]:
    """Find what the objects of a catalogue refer to in managed schemas.

    Args:
        catalogue: Catalogue of the backup.
        managed: Names of managed schemas. Those in which the backup makes extensions are left out.
    """
    extensions = catalogue.get("extensions", {}).values()
    schemas = {*managed} - {parts_of(extension["schema"])[0] for extension in extensions}
    found = {
        ManagedReference(section, key, kind, name)
        for section in _SECTIONS
        for key, item in catalogue.get(section, {}).items()
        for text in _texts(item)
        for kind, name in _names_in(text)
        if parts_of(name)[0] in schemas
    }
    return tuple(sorted(found, key=lambda reference: (reference.section, reference.key, reference.name)))


def _names_in(text: str) -> Iterator[tuple[Kind, str]]:
    tables = {match[1] for match in _TABLE.finditer(text)}
    yield from (("table", name) for name in sorted(tables))
    for match in _FUNCTION.finditer(text):
        # "REFERENCES auth.users(id)" calls nothing.
        if match[1] not in tables:
            yield "function", match[1]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            if name != "comment":
                yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
