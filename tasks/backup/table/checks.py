"""What speaks against the restore of a single table, and what it leaves otherwise, found before the target is touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tasks.backup.catalogue.identifiers import parts_of, quoted
from tasks.backup.catalogue.sql_text import loose_digest
from tasks.backup.manifest import Manifest, TableRows
from tasks.backup.table.target import TableTarget
from tasks.outside_text import displayable

Way = Literal["exchange rows", "create", "beside"]
_NEVER = ("load_lock", "backup_lock", "schema_version")
_WAREHOUSE = ("retail_dwh", "retail_ops")
_BESIDE = "restore it beside the live one (--beside NAME)"
_WAYS_OUT = f"Restore the whole backup, or {_BESIDE}."
_NAME_BYTES = 63
_CHANGES_OTHERS = {"c": "deletes", "n": "clears", "d": "changes"}


@dataclass(frozen=True)
class BackedUpTable:
    """A table in a backup: its qualified name there, its place in the catalogue, its rows as the manifest has them."""

    name: str
    relation: Mapping[str, Any]
    rows: TableRows

    @property
    def schema(self) -> str:
        """Plain name of its schema."""
        return parts_of(self.name)[0]

    @property
    def columns(self) -> Sequence[Mapping[str, Any]]:
        """Its columns."""
        columns: Sequence[Mapping[str, Any]] = self.relation.get("columns", ())
        return columns


def remarks(manifest: Manifest, table: BackedUpTable, target: TableTarget, way: Way) -> Iterator[str]:
    """Yield what the target will have otherwise than the backup, a sentence each."""
    if way == "exchange rows":
        for name in target.materialized_views:
            yield f"The materialized view {name} shows the old rows until: refresh materialized view {name};"
    if way == "create":
        lost = [
            f"{key} of {item['on']}" if item["kind"] == "foreign key" else key
            for key, item in manifest.catalogue.get("constraints", {}).items()
            if item["kind"] == "foreign key"
            and f" REFERENCES {table.name}(" in item["definition"]
            and item["on"] != table.name
            and key not in target.catalogue.get("constraints", {})
        ]
        if lost:
            yield f"Does not restore the foreign keys of other tables to it: {', '.join(lost)}."
        views = [
            name
            for name, relation in manifest.catalogue.get("relations", {}).items()
            if relation["kind"].endswith("view") and name not in target.catalogue.get("relations", {})
        ]
        if views:
            yield f"Does not restore views that were dropped with it: {', '.join(views)}."
        policies = [
            name
            for name, policy in manifest.catalogue.get("policies", {}).items()
            if policy["on"] in target.catalogue.get("relations", {})
            and name not in target.catalogue.get("policies", {})
        ]
        if policies:
            yield f"Does not restore policies of other tables that are gone: {', '.join(policies)}."
        missing = {entry["grantee"] for entry in table.relation.get("acl", ())} - target.roles - {"public"}
        if missing:
            yield f"Skips the grants of roles that do not exist: {', '.join(sorted(missing))}."


def refusals(
    manifest: Manifest, table: BackedUpTable, target: TableTarget, way: Way, made: str
) -> Iterator[str]:
    """Yield what makes the restore impossible, a sentence each, with the way out."""
    if table.schema == "retail_ops" and parts_of(table.name)[1] in _NEVER:
        yield f"{table.name} is never restored alone: locks and upgrades depend on it. Restore the whole backup."
        return
    if not target.has_schema:
        yield f"The schema {table.schema} does not exist: restore the whole backup, or create it."
        return
    if not target.can_create:
        yield f"The role {target.role} may not create a table in {table.schema}: grant it CREATE there."
    if target.missing_types:
        yield f"Types of its columns do not exist: {', '.join(target.missing_types)}. Create them, or restore the whole backup."
    if way == "beside":
        if target.is_taken:
            yield f"{table.schema}.{displayable(made)} exists: choose another name for --beside."
        elif len(made.encode()) > _NAME_BYTES:
            yield f"The name {displayable(made)} is longer than {_NAME_BYTES} bytes: choose another one for --beside."
        return
    yield from _of_warehouse(manifest, table, target)
    if way == "exchange rows":
        yield from _of_live_table(table, target)


def _of_warehouse(manifest: Manifest, table: BackedUpTable, target: TableTarget) -> Iterator[str]:
    if table.schema not in _WAREHOUSE:
        return
    backup, state = manifest.warehouse, target.state
    if backup is None or state is None:
        which = "backup" if backup is None else "target"
        yield f"The {which} has no ledger of deliveries that {table.name} could agree with. {_WAYS_OUT}"
    elif backup.revision != state.revision:
        yield (
            f"The schemas are at revision {state.revision}, and at {backup.revision} in the backup. {_WAYS_OUT}"
        )
    elif backup.deliveries_sha256 != state.deliveries_sha256:
        yield (
            f"The deliveries in the ledger are not those of the backup ({state.deliveries:,} now, {backup.deliveries:,} then): "
            f"rows of then would not add up with them. {_WAYS_OUT}"
        )


def _of_live_table(table: BackedUpTable, target: TableTarget) -> Iterator[str]:
    live = target.live
    if target.relation["kind"] not in {"table", "partitioned table"}:
        yield f"{live} is a {target.relation['kind']}: {_BESIDE}, or drop that."
        return
    if not target.is_owner:
        yield f"{live} belongs to {target.relation['owner']}: restore as that role, or {_BESIDE}."
    differing = _differing_columns(table.columns, target.relation.get("columns", ()))
    if differing:
        yield f"Its columns are not those of the backup ({', '.join(differing)}): {_BESIDE}."
    is_forced = any(target.catalogue["relations"][name].get("force_rls") for name in target.tree)
    if is_forced and not target.bypasses_rls:
        yield (
            f"Row-level security of {live} binds its owner too: alter role {quoted(target.role)} bypassrls, or {_BESIDE}."
        )
    rules = [
        rule["name"] for rule in target.items_of_tree("rules") if rule["enabled"] in {"enabled", "always"}
    ]
    if rules:
        yield f"Its rules {', '.join(rules)} would rewrite the exchange: disable them (alter table ... disable rule), or {_BESIDE}."
    acting = [
        f"{reference.name} of {reference.table}"
        for reference in target.references
        if {reference.on_delete, reference.on_update} & set(_CHANGES_OTHERS)
    ]
    if acting and not target.key:
        yield (
            f"It has no primary key by which rows could stay, so that {', '.join(acting)} would change rows there. {_WAYS_OUT}"
        )


def _differing_columns(
    expected: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]
) -> list[str]:
    before, after = ({column["name"]: _nature(column) for column in columns} for columns in (expected, found))
    names = dict.fromkeys([*before, *after])
    return [displayable(name) for name in names if before.get(name) != after.get(name)]


def _nature(column: Mapping[str, Any]) -> tuple[Any, ...]:
    generated = column.get("generated")
    return (
        column["type"],
        column.get("collation"),
        column.get("generated_kind"),
        None if generated is None else loose_digest(generated),
    )
