"""The catalogue of a database: every object that a restore must bring back, as JSON.

Sections hold objects by name, and an object is a mapping of its attributes; those that are null are left out. Two
readings of an unchanged database are equal, whatever its statistics are. Only the values of sequences move with the
data: they are in a section of their own, which the hash leaves out.

The catalogue lies in the vault in plain text, so it holds hashes in place of texts in which people keep secrets: the
bodies of functions, the arguments of triggers, queries of views, and settings of extensions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import asyncpg

from tasks.backup.catalogue.scope import Scope, scoped
from tasks.backup.catalogue.sql_text import digest, loose_digest
from tasks.backup.manifest import sha256_of
from tasks.postgres.copy import fetch_json
from tasks.postgres.queries import inlined, sql

Catalogue = dict[str, dict[str, Any]]
SEQUENCE_VALUES = "sequence_values"
HIDDEN = "hash:"  # in front of the hash of a hidden value
_STATEMENTS = (
    *("relations", "constraints", "indexes", "table_rules", "sequences", "types", "functions"),
    *("privileges", "database", "others"),
)
_OF_TABLES = ("constraints", "indexes", "policies", "triggers", "rules", "statistics")
_SETTINGS_WITHOUT_SECRETS = ("auto_explain.", "pg_stat_statements.", "pg_trgm.", "pgaudit.", "plpgsql.")


async def read_catalogue(connection: asyncpg.Connection, scope: Scope | None = None) -> Catalogue:
    """Read the catalogue in two turns.

    Args:
        connection: Connection with the search path of ``tasks.postgres.connect``, inside a transaction or not, as any
            role that may read the sequences. Definitions are those of now, also on a snapshot.
        scope: What to read, by default the whole database; with ``tables``, only what belongs to those.

    Returns:
        Sections by name, each a mapping of names, qualified and quoted where Postgres wants quotes, to attributes:
        ``schemas``, ``relations`` (with ``columns``), ``constraints``, ``indexes``, ``policies``, ``triggers``,
        ``rules``, ``statistics``, ``sequences``, ``sequence_values`` (``next`` of each), ``types``,
        ``functions``, ``default_privileges``, ``publications``, ``event_triggers``, ``extensions``,
        ``large_objects``, ``roles`` (those that the other sections name), ``settings``, and rarer kinds. An ``acl`` is
        a list of ``grantor``, ``grantee`` (``public`` for everybody), ``privilege`` and ``grantable``, with the
        defaults of Postgres written out.
    """
    statements = [sql(f"select_catalogue_{name}", "tasks.backup") for name in _STATEMENTS]
    union = " union all ".join(f"({statement})" for statement in statements)
    rows = await fetch_json(
        connection,
        scoped(
            f"select jsonb_build_array(o.section, o.key, o.value) from ({union}) as o (section, key, value)"
        ),
    )
    catalogue: Catalogue = {}
    privileges = []
    for section, key, value in rows:
        if section == "privileges":
            privileges.append(value)
        else:
            catalogue.setdefault(section, {})[key] = _without_secrets(section, value)
    _put_privileges(catalogue, privileges)
    catalogue[SEQUENCE_VALUES] = await _next_values(connection, catalogue.get("sequences", {}))
    if scope is not None and scope.tables:
        catalogue = _only_tables(catalogue, scope.tables)
    return _only_named_roles(_ordered(catalogue))


def catalogue_hash(catalogue: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a catalogue, which does not depend on the values of its sequences."""
    return sha256_of(
        {section: objects for section, objects in catalogue.items() if section != SEQUENCE_VALUES}
    )


def _put_privileges(catalogue: Catalogue, privileges: list[dict[str, Any]]) -> None:
    for section in ("schemas", "relations", "sequences", "functions", "types"):
        for item in catalogue.get(section, {}).values():
            if item.get("kind") != "composite type" or section == "types":
                item["acl"] = []  # nobody has anything, unless a row says so
    for privilege in privileges:
        item = catalogue.get(privilege["section"], {}).get(privilege["key"])
        if item is None:  # a type that comes with a table, for example
            continue
        if privilege["column"] is not None:
            (item,) = (column for column in item["columns"] if column["name"] == privilege["column"])
        item["acl"] = privilege["acl"]


async def _next_values(
    connection: asyncpg.Connection, sequences: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the next value of each sequence; ``pg_sequences`` does not have that of one that was only set."""
    if not sequences:
        return {}
    union = " union all ".join(
        inlined("select json_build_array($1::text, ", name)
        + f"last_value::numeric + case when is_called then {sequence['increment']} else 0 end) from {name}"
        for name, sequence in sequences.items()
    )
    return {
        name: {"next": value, "increment": sequences[name]["increment"], "cycle": sequences[name]["cycle"]}
        for name, value in await fetch_json(connection, union)
    }


def _without_secrets(section: str, value: dict[str, Any]) -> dict[str, Any]:
    definition = value.get("definition")
    if definition is not None and section in {"relations", "functions", "triggers", "rules"}:
        value["definition"] = digest(definition)
        # The server shows a text that it keeps as a text in one way only.
        value["loose_definition"] = (
            digest(definition) if value.pop("has_text_body", False) else loose_digest(definition)
        )
    if section in {"functions", "settings"} and value.get("settings"):
        value["settings"] = [_without_value(setting) for setting in value["settings"]]
    return value


def _without_value(setting: str) -> str:
    name, _, text = setting.partition("=")
    if "." in name and not name.startswith(_SETTINGS_WITHOUT_SECRETS):
        return f"{name}={HIDDEN}{digest(text)}"
    return setting


def _only_tables(catalogue: Catalogue, tables: tuple[str, ...]) -> Catalogue:
    """Keep what belongs to the tables: partitions, columns, keys, indexes, policies, triggers, sequences."""
    relations = {
        name: relation
        for name, relation in catalogue.get("relations", {}).items()
        if not tables_above(name, catalogue["relations"]).isdisjoint(tables)
    }
    sequences = {
        name: sequence
        for name, sequence in catalogue.get("sequences", {}).items()
        if sequence.get("owned_by") and _is_column_of(sequence["owned_by"], relations)
    }
    kept = {
        section: {
            name: item
            for name, item in catalogue[section].items()
            if item.get("on", item.get("table")) in relations
        }
        for section in _OF_TABLES
        if section in catalogue
    }
    values = {name: value for name, value in catalogue[SEQUENCE_VALUES].items() if name in sequences}
    extensions, roles = catalogue.get("extensions", {}), catalogue.get("roles", {})
    return kept | {
        "relations": relations,
        "sequences": sequences,
        SEQUENCE_VALUES: values,
        "extensions": extensions,
        "roles": roles,
    }


def tables_above(name: str, relations: Mapping[str, Any]) -> set[str]:
    """Return a table and, if it is a partition, the tables that it is a partition of."""
    above = {name}
    relation = relations.get(name, {})
    if relation.get("partition_bound"):
        for parent in relation.get("parents", ()):
            above |= tables_above(parent, relations)
    return above


def _is_column_of(column: str, relations: Mapping[str, Any]) -> bool:
    return any(column.startswith(f"{name}.") for name in relations)


def _ordered(value: Any) -> Any:
    """Return mappings in the order of their keys, without nulls: jsonb orders by length, joins do by chance."""
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value) if value[key] is not None}
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    return value


def _only_named_roles(catalogue: Catalogue) -> Catalogue:
    sections = {section: objects for section, objects in catalogue.items() if section != "roles"}
    named = set(_named_roles(sections))
    roles = {name: role for name, role in catalogue.get("roles", {}).items() if name in named}
    return catalogue | {"roles": roles}


def _named_roles(value: Any) -> Iterator[str]:
    """Yield the roles that own something, grant or are granted something, are in a policy or have settings."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in {"owner", "role", "grantor", "grantee"} and isinstance(item, str):
                yield item
            elif key == "roles":
                yield from item
            else:
                yield from _named_roles(item)
    elif isinstance(value, list):
        for item in value:
            yield from _named_roles(item)
