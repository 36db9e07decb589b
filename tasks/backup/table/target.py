"""The database that a single table is restored into, as far as the plan depends on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from tasks.backup.catalogue.catalogue import Catalogue, read_catalogue, tables_above
from tasks.backup.catalogue.identifiers import parts_of, quoted
from tasks.backup.manifest import WarehouseState
from tasks.backup.warehouse_state import read_warehouse_state
from tasks.postgres.copy import fetch_json
from tasks.postgres.queries import inlined, sql


@dataclass(frozen=True)
class KeyColumn:
    """A column of the primary key, and the operator by which the key's index compares it."""

    column: str
    equals: str


@dataclass(frozen=True)
class Reference:
    """A foreign key of another table to this one.

    Attributes:
        name: Its name.
        table: Qualified name of the other table.
        on_delete: What a deletion does there: ``a`` nothing, ``r`` restrict, ``c`` cascade, ``n`` null, ``d`` default.
        on_update: Likewise of an update of the key.
        pairs: ``column`` there, ``referenced`` here, and ``equals``, the operator between this and that.
    """

    name: str
    table: str
    on_delete: str
    on_update: str
    pairs: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class TableTarget:
    """Facts on the target of the restore of a table.

    Attributes:
        catalogue: The catalogue of the target.
        live: Qualified name of the live table as the target writes it; None if there is none.
        tree: The live table and its partitions.
        state: What the ledger says; None for a database without one, or one that lacks a table of it.
        database: Name of the database.
        role: The role that restores.
        major: Major version of the server.
        bypasses_rls: Whether the role bypasses row-level security, also where the owner does not.
        is_owner: Whether the live table and its partitions are the role's own.
        has_schema: Whether the schema exists.
        can_create: Whether the role may create a table there.
        is_taken: Whether the name of the table that is to be made exists.
        missing_types: Types of the backup's columns that do not exist.
        has_load_lock: Whether it is a warehouse.
        has_backup_lock: Whether it has the table that backups lock.
        key: The primary key of the live table; empty without one.
        has_other_keys: Whether it has further unique indexes or exclusion constraints.
        references: Foreign keys of other tables to it.
        materialized_views: Those that show its rows.
        roles: All roles.
        assumable: Roles that the role may act as.
    """

    catalogue: Catalogue
    live: str | None
    tree: frozenset[str]
    state: WarehouseState | None
    database: str
    role: str
    major: int
    bypasses_rls: bool
    is_owner: bool
    has_schema: bool
    can_create: bool
    is_taken: bool
    missing_types: tuple[str, ...]
    has_load_lock: bool
    has_backup_lock: bool
    key: tuple[KeyColumn, ...]
    has_other_keys: bool
    references: tuple[Reference, ...]
    materialized_views: tuple[str, ...]
    roles: frozenset[str]
    assumable: frozenset[str]

    @property
    def relation(self) -> Mapping[str, Any]:
        """The live table in the catalogue."""
        relation: Mapping[str, Any] = self.catalogue["relations"][self.live or ""]
        return relation

    def items_of_tree(self, section: str) -> list[Mapping[str, Any]]:
        """Triggers, rules or policies of the live table and its partitions."""
        return [item for item in self.catalogue.get(section, {}).values() if item["on"] in self.tree]


async def read_table_target(
    connection: asyncpg.Connection, table: str, beside: str, types: Sequence[str]
) -> TableTarget:
    """Read the target of the restore of a table.

    Args:
        connection: Connection to the target, inside a transaction or not.
        table: Qualified name of the table in the backup.
        beside: Plain name of the table that is to be made in its schema; empty for none.
        types: Types of the columns in the backup.
    """
    catalogue = await read_catalogue(connection)
    relations = catalogue.get("relations", {})
    parts = parts_of(table)
    live = next((name for name in relations if parts_of(name) == parts), None)
    schema = quoted(parts[0])
    made = f"{schema}.{quoted(beside)}" if beside else None
    statement = inlined(sql("select_table_target", "tasks.backup"), live, schema, made, types)
    (row,) = await fetch_json(connection, statement)
    tree = frozenset(name for name in relations if live is not None and live in tables_above(name, relations))
    return TableTarget(
        catalogue=catalogue,
        live=live,
        tree=tree,
        state=await _state(connection, relations),
        **{
            **row,
            "missing_types": tuple(row["missing_types"]),
            "key": tuple(KeyColumn(**item) for item in row["key"]),
            "references": tuple(Reference(**item) for item in row["references"]),
            "materialized_views": tuple(row["materialized_views"]),
            "roles": frozenset(row["roles"]),
            "assumable": frozenset(row["assumable"]),
        },
    )


async def _state(connection: asyncpg.Connection, relations: Mapping[str, Any]) -> WarehouseState | None:
    if not {"retail_ops.run", "retail_ops.delivery", "retail_ops.schema_version"} <= set(relations):
        return None
    return await read_warehouse_state(connection)
