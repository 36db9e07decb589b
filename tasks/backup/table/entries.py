"""Which entries of an archive make up one table: itself, its partitions, and everything that belongs to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tasks.backup.catalogue.catalogue import tables_above
from tasks.backup.catalogue.identifiers import parts_of
from tasks.backup.restore.contents import Entry

_OF_TABLES = {
    "constraints": ("CONSTRAINT", "CHECK CONSTRAINT", "FK CONSTRAINT"),
    "policies": ("POLICY",),
    "triggers": ("TRIGGER",),
    "rules": ("RULE",),
}
_POST_DATA = (
    *(
        "CHECK CONSTRAINT",
        "CONSTRAINT",
        "FK CONSTRAINT",
        "INDEX",
        "INDEX ATTACH",
        "POLICY",
        "PUBLICATION TABLE",
        "ROW SECURITY",
    ),
    *("RULE", "STATISTICS", "TRIGGER"),
)
_Key = tuple[str, str, str]


def table_entries(
    entries: Iterable[Entry], catalogue: Mapping[str, Any], table: str, publications: Iterable[str]
) -> list[Entry]:
    """Return the entries of a table in the archive's order, without privileges.

    Args:
        entries: The contents of the main archive.
        catalogue: The catalogue of the backup.
        table: Qualified name of the table in it.
        publications: Plain names of the publications that get the table as a member.
    """
    wanted = {(kind, schema, _bare(name)) for kind, schema, name in _keys(catalogue, table, publications)}
    return [entry for entry in entries if (entry.kind, entry.schema, _bare(entry.name)) in wanted]


def is_after_rows(entry: Entry) -> bool:
    """Whether an entry belongs to the section post-data."""
    if entry.kind == "COMMENT":
        return entry.name.startswith(("CONSTRAINT ", "INDEX ", "TRIGGER ", "POLICY ", "RULE ", "STATISTICS "))
    return entry.kind in _POST_DATA


def is_sequence_value(entry: Entry) -> bool:
    """Whether an entry sets a sequence."""
    return entry.kind == "SEQUENCE SET"


def owned_sequences(catalogue: Mapping[str, Any], tree: Iterable[str]) -> list[str]:
    """Return the sequences that columns of tables own."""
    tables = {parts_of(name) for name in tree}
    return [
        name
        for name, sequence in catalogue.get("sequences", {}).items()
        if sequence.get("owned_by") and parts_of(sequence["owned_by"])[:2] in tables
    ]


def tree_of(catalogue: Mapping[str, Any], table: str) -> list[str]:
    """Return a table and its partitions."""
    relations = catalogue["relations"]
    return [name for name in relations if table in tables_above(name, relations)]


def _bare(name: str) -> str:
    # pg_dump quotes names in the tags of comments only.
    return name.replace('"', "")


def _keys(catalogue: Mapping[str, Any], table: str, publications: Iterable[str]) -> Iterator[_Key]:
    tree = tree_of(catalogue, table)
    yield from _keys_of_tables(catalogue, tree, publications)
    for section, kinds in _OF_TABLES.items():
        for item in catalogue.get(section, {}).values():
            if item["on"] in tree:
                schema, name = parts_of(item["on"])
                for kind in kinds:
                    yield kind, schema, f"{name} {item['name']}"
                yield "COMMENT", schema, f"{kinds[0]} {item['name']} ON {name}"
    for section, kind in (("indexes", "INDEX"), ("statistics", "STATISTICS")):
        for qualified, item in catalogue.get(section, {}).items():
            if item.get("table", item.get("on")) in tree:
                schema, name = parts_of(qualified)
                yield kind, schema, name
                yield f"{kind} ATTACH", schema, name
                yield "COMMENT", schema, f"{kind} {name}"
    for qualified in owned_sequences(catalogue, tree):
        schema, name = parts_of(qualified)
        for kind in ("SEQUENCE", "SEQUENCE OWNED BY", "SEQUENCE SET"):
            yield kind, schema, name
        yield "COMMENT", schema, f"SEQUENCE {name}"


def _keys_of_tables(
    catalogue: Mapping[str, Any], tree: Iterable[str], publications: Iterable[str]
) -> Iterator[_Key]:
    for qualified in tree:
        schema, name = parts_of(qualified)
        for kind in ("TABLE", "TABLE ATTACH", "TABLE DATA", "ROW SECURITY"):
            yield kind, schema, name
        yield "COMMENT", schema, f"TABLE {name}"
        for column in catalogue["relations"][qualified].get("columns", ()):
            yield "DEFAULT", schema, f"{name} {column['name']}"
            yield "COMMENT", schema, f"COLUMN {name}.{column['name']}"
        for publication in publications:
            yield "PUBLICATION TABLE", schema, f"{publication} {name}"
