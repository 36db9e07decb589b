"""The contents of an archive, as ``pg_restore --list`` prints them.

The list quotes no name, so a line with blanks in its names fits several readings. Known names of schemas and roles, from
the catalogue of the backup, decide.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

_LINE = re.compile(r"(\d+); (\d+) (\d+) (.*)")
_DUMPED_BY = re.compile(r";\s+Dumped by pg_dump version: (\d+)")
_KINDS = (
    *("ACCESS METHOD", "ACL", "AGGREGATE", "BLOB", "BLOB METADATA", "BLOBS", "CAST", "CHECK CONSTRAINT"),
    *("COLLATION", "COMMENT", "CONSTRAINT", "CONVERSION", "DATABASE", "DATABASE PROPERTIES", "DEFAULT"),
    *("DEFAULT ACL", "DOMAIN", "EVENT TRIGGER", "EXTENSION", "FK CONSTRAINT", "FOREIGN DATA WRAPPER"),
    *("FOREIGN TABLE", "FUNCTION", "INDEX", "INDEX ATTACH", "MATERIALIZED VIEW", "MATERIALIZED VIEW DATA"),
    *("OPERATOR", "OPERATOR CLASS", "OPERATOR FAMILY", "POLICY", "PROCEDURAL LANGUAGE", "PROCEDURE"),
    *("PUBLICATION", "PUBLICATION TABLE", "PUBLICATION TABLES IN SCHEMA", "ROW SECURITY", "RULE", "SCHEMA"),
    *(
        "SECURITY LABEL",
        "SEQUENCE",
        "SEQUENCE OWNED BY",
        "SEQUENCE SET",
        "SERVER",
        "SHELL TYPE",
        "STATISTICS",
    ),
    *("STATISTICS DATA", "SUBSCRIPTION", "SUBSCRIPTION TABLE", "TABLE", "TABLE ATTACH", "TABLE DATA"),
    *("TEXT SEARCH CONFIGURATION", "TEXT SEARCH DICTIONARY", "TEXT SEARCH PARSER", "TEXT SEARCH TEMPLATE"),
    *("TRANSFORM", "TRIGGER", "TYPE", "USER MAPPING", "VIEW"),
)
_LONGEST_FIRST = sorted(_KINDS, key=len, reverse=True)


@dataclass(frozen=True)
class Entry:
    """An entry of an archive's table of contents.

    Attributes:
        dump_id: Its number, by which ``pg_restore --use-list`` takes it.
        kind: Such as ``TABLE``, ``TABLE DATA`` or ``FK CONSTRAINT``.
        schema: Empty for an object outside of schemas.
        name: The object, such as ``orders``, ``orders orders_pkey``, ``twice(integer)`` or ``TABLE orders``; not quoted.
        owner: Empty if it has none.
    """

    dump_id: int
    kind: str
    schema: str
    name: str
    owner: str

    @property
    def display(self) -> str:
        """Kind and qualified name, for messages."""
        qualified = f"{self.schema}.{self.name}" if self.schema else self.name
        return f"{self.kind.lower()} {qualified}"


@dataclass(frozen=True)
class Contents:
    """The table of contents of an archive.

    Attributes:
        tool_version: Major version of the pg_dump that wrote it.
        entries: In the archive's order, which pg_restore must keep where it cannot seek.
    """

    tool_version: int
    entries: tuple[Entry, ...]


def parse_contents(text: str, schemas: Collection[str] = (), roles: Collection[str] = ()) -> Contents:
    """Parse the output of ``pg_restore --list``.

    Args:
        text: The output.
        schemas: Names of schemas that the archive may name, not quoted.
        roles: Likewise of roles.
    """
    dumped_by = _DUMPED_BY.search(text)
    by_length = sorted(schemas, key=len, reverse=True)
    owners = sorted(roles, key=len, reverse=True)
    matches = (_LINE.fullmatch(line) for line in text.splitlines())
    entries = tuple(
        _parse_entry(int(match[1]), match[2] != "0", match[4], by_length, owners)
        for match in matches
        if match
    )
    return Contents(int(dumped_by[1]) if dumped_by else 0, entries)


def _parse_entry(
    dump_id: int, has_class: bool, text: str, schemas: Iterable[str], roles: Iterable[str]
) -> Entry:
    kind, schema, rest = _split_start(text, has_class, tuple(schemas))
    for role in roles:
        if rest.endswith(f" {role}"):
            return Entry(dump_id, kind, schema, rest.removesuffix(f" {role}"), role)
    name, _, owner = rest.rpartition(" ")
    return Entry(dump_id, kind, schema, name, owner)


def _split_start(text: str, has_class: bool, schemas: tuple[str, ...]) -> tuple[str, str, str]:
    """Return kind, schema and the rest."""
    kinds = [kind for kind in _LONGEST_FIRST if text.startswith(f"{kind} ")]
    # A table in a schema named DATA is no data of a table: that has no class of its own.
    kinds = [kind for kind in kinds if not (has_class and kind.endswith((" DATA", " SET")))] or kinds
    for kind in kinds:
        after = text[len(kind) + 1 :]
        for schema in ("-", *schemas):
            if after.startswith(f"{schema} "):
                return kind, "" if schema == "-" else schema, after[len(schema) + 1 :]
    # A schema or a kind that nobody named.
    kind = kinds[0] if kinds else text.partition(" ")[0]
    schema, _, rest = text[len(kind) + 1 :].partition(" ")
    return kind, schema, rest
