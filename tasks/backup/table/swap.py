"""Exchange the rows of a live table for those of a side table, in one transaction, by statements that block no reader.

The data is exchanged, not the names: so privileges, policies, keys, comments, publications and views stay, and a
transaction that began before goes on with the rows that it saw. With a primary key, rows that are equal are not touched.
Without one, rows are matched by their text and the number of their occurrence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import asyncpg

from tasks.backup.catalogue.identifiers import parts_of, quoted
from tasks.backup.table.plan import TableRestorePlan
from tasks.backup.table.target import Reference
from tasks.postgres.copy import fetch_json

_ENABLE = {"enabled": "enable", "replica": "enable replica", "always": "enable always"}
_ACTIONS = {"c", "n", "d"}
# Do not fail before the end of the statement, when the key may be there again.
_HARMLESS = {"a"}


async def exchange_rows(connection: asyncpg.Connection, plan: TableRestorePlan) -> None:
    """Make the rows of the live table those of the side table, in the open transaction.

    Args:
        connection: Connection of the transaction, with a lock timeout.
        plan: The plan; its side table is filled.

    Raises:
        RestoreRefused: other tables would lose rows, or the result would not be the rows of the backup.
        asyncpg.IntegrityConstraintViolationError: a key or a check does not allow them.
        asyncpg.LockNotAvailableError: other sessions write to the table.
    """
    swap = _Swap(plan)
    triggers = [trigger for trigger in plan.target.items_of_tree("triggers") if trigger["enabled"] in _ENABLE]
    locked = ", ".join((swap.only, *dict.fromkeys(f"only {other.table}" for other in swap.acting)))
    # Readers do not wait for this lock, nor behind those who wait for it.
    await connection.execute(f"lock table {locked} in share row exclusive mode")
    for reference in swap.acting:
        await _ensure_no_loss(connection, plan, swap, reference)
    await connection.execute(
        ";\n".join(
            (
                *(
                    f"alter table only {item['on']} disable trigger {quoted(item['name'])}"
                    for item in triggers
                ),
                "set constraints all deferred",
                *swap.statements(),
                # Now, since their events would keep the triggers from being enabled.
                "set constraints all immediate",
                *(
                    f"alter table only {item['on']} {_ENABLE[item['enabled']]} trigger {quoted(item['name'])}"
                    for item in triggers
                ),
            )
        )
    )
    (is_equal,) = await fetch_json(connection, swap.comparison())
    if not is_equal:
        raise plan.refused(
            f"the rows of {plan.live} would not be those of the backup after the exchange.",
            "Restore the whole backup, or restore it beside the live one (--beside NAME).",
        )


async def _ensure_no_loss(
    connection: asyncpg.Connection, plan: TableRestorePlan, swap: _Swap, reference: Reference
) -> None:
    (changes,) = await fetch_json(connection, swap.loss(reference))
    if changes:
        raise plan.refused(
            f"rows of {reference.table} refer by {reference.name} to rows that are not as in the backup, and would be deleted "
            "or changed with them.",
            f"Restore the whole backup, restore {plan.live} beside the live one (--beside NAME), or delete those rows first.",
        )


@dataclass(frozen=True)
class _Swap:
    plan: TableRestorePlan

    @property
    def only(self) -> str:
        """The live table without tables that inherit from it, but with its partitions."""
        is_partitioned = self.plan.target.relation["kind"] == "partitioned table"
        return self.plan.live if is_partitioned else f"only {self.plan.live}"

    @property
    def acting(self) -> list[Reference]:
        """Foreign keys that would change rows of other tables."""
        return [
            reference
            for reference in self.plan.target.references
            if {reference.on_delete, reference.on_update} & _ACTIONS
        ]

    @property
    def writable(self) -> list[str]:
        columns = self.plan.target.relation.get("columns", ())
        return [column["name"] for column in columns if column.get("generated") is None]

    @property
    def settable(self) -> list[str]:
        """Columns that an UPDATE may set."""
        columns = self.plan.target.relation.get("columns", ())
        fixed = {column["name"] for column in columns if column.get("identity") == "a"}
        return [name for name in self.writable if name not in fixed]

    @property
    def inserts_changed(self) -> bool:
        """Whether changed rows are deleted and inserted in one statement, since an UPDATE row by row might fail.

        Values of another unique key may change places between two rows, and an identity column cannot be set.
        """
        key = {item.column for item in self.plan.target.key}
        has_fixed = bool(set(self.writable) - set(self.settable) - key)
        actions = {
            action for other in self.plan.target.references for action in (other.on_delete, other.on_update)
        }
        return (self.plan.target.has_other_keys or has_fixed) and actions <= _HARMLESS

    def statements(self) -> Iterator[str]:
        return self._by_key() if self.plan.target.key else self._by_text()

    def comparison(self) -> str:
        """A query of whether the live table has exactly the rows of the side table."""
        t, s = self.only, self.plan.side
        if self.plan.target.key:
            same = f"{t} as t join {s} as s on {self._match} where {self._row('t')} operator(pg_catalog.*=) {self._row('s')}"
        else:
            same = f"({self._numbered(t)}) as t join ({self._numbered(s)}) as s on t.line = s.line and t.number = s.number"
        return (
            f"select to_json((select count(*) from {t}) = (select count(*) from {s}) "
            f"and (select count(*) from {same}) = (select count(*) from {s}))"
        )

    def loss(self, reference: Reference) -> str:
        """A query of whether rows of another table would be deleted or changed."""
        t, s = self.only, self.plan.side
        to_live, to_side = (
            " and ".join(
                f"{alias}.{quoted(pair['referenced'])} {pair['equals']} o.{quoted(pair['column'])}"
                for pair in reference.pairs
            )
            for alias in ("t", "s")
        )
        conditions = []
        if reference.on_delete in _ACTIONS:
            conditions.append(f"not exists (select from {s} as s where {self._match})")
        if reference.on_update in _ACTIONS:
            conditions.append(f"not exists (select from {s} as s where {self._match} and {to_side})")
        return (
            f"select to_json(exists (select from {reference.table} as o join {t} as t on {to_live} "
            f"where {' or '.join(conditions)}))"
        )

    def _by_key(self) -> Iterator[str]:
        t, s = self.only, self.plan.side
        differs = f"{self._row('t')} operator(pg_catalog.*<>) {self._row('s')}"
        yield f"delete from {t} as t where not exists (select from {s} as s where {self._match})"
        if self.inserts_changed:
            yield (
                f"with changed as (delete from {t} as t using {s} as s where {self._match} and {differs} returning 1) "
                f"{self._insert} from {s} as s where (select count(*) from changed) >= 0 and not exists ("
                f"select from {t} as t where {self._match} and not ({differs}))"
            )
            return
        if self.settable:
            values = ", ".join(f"{quoted(name)} = s.{quoted(name)}" for name in self.settable)
            yield f"update {t} as t set {values} from {s} as s where {self._match} and {differs}"
        yield f"{self._insert} from {s} as s where not exists (select from {t} as t where {self._match})"

    def _by_text(self) -> Iterator[str]:
        live, side = self._numbered(self.only), self._numbered(self.plan.side)
        same = "s.line = t.line and s.number = t.number"
        yield (
            f"delete from {self.only} as o using ({live}) as t where o.tableoid = t.tableoid and o.ctid = t.ctid "
            f"and not exists (select from ({side}) as s where {same})"
        )
        # The select list names columns of the side table alone.
        yield (
            f"{self._insert} from {self.plan.side} as s join ({side}) as n on s.ctid = n.ctid "
            f"where not exists (select from ({live}) as t where t.line = n.line and t.number = n.number)"
        )

    @property
    def _match(self) -> str:
        return " and ".join(
            f"t.{quoted(item.column)} {item.equals} s.{quoted(item.column)}" for item in self.plan.target.key
        )

    @property
    def _insert(self) -> str:
        names = ", ".join(quoted(name) for name in self.writable)
        values = ", ".join(f"s.{quoted(name)}" for name in self.writable)
        columns = f" ({names}) overriding system value" if names else ""
        return f"insert into {self.plan.live}{columns} select {values}"

    def _row(self, alias: str) -> str:
        # A cast, since Postgres takes two ROW() apart and looks for the operator of each column.
        return f"row({', '.join(f'{alias}.{quoted(name)}' for name in self.writable)})::record"

    def _numbered(self, table: str) -> str:
        line = f'{self._row("r")}::text collate "C"'
        return (
            f"select r.tableoid, r.ctid, {line} as line, row_number() over (partition by {line}) as number "
            f"from {table} as r"
        )


def side_columns(plan: TableRestorePlan) -> str:
    """Return the columns of the backup as CREATE TABLE takes them; the order decides the fingerprint."""
    definitions = []
    for column in plan.table.columns:
        parts = [quoted(column["name"]), column["type"]]
        if column.get("collation"):
            parts.append(f"collate {column['collation']}")
        if column.get("generated") is not None:
            kind = "virtual" if column.get("generated_kind") == "v" else "stored"
            parts.append(f"generated always as ({column['generated']}) {kind}")
        if plan.way == "beside" and column.get("not_null"):
            parts.append("not null")
        definitions.append(" ".join(parts))
    return ", ".join(definitions)


def raise_sequences(plan: TableRestorePlan) -> Iterator[str]:
    """Yield statements that bring the live table's own sequences to at least the values of the backup."""
    backup, present = plan.sequences, plan.target.catalogue
    values = present.get("sequence_values", {})
    for name, sequence in present.get("sequences", {}).items():
        column = _owning_column(sequence.get("owned_by"), plan.live)
        wanted = backup.get(column) if column is not None else None
        if wanted is None or sequence["cycle"]:
            continue
        increment, found = sequence["increment"], values[name]["next"]
        if not (found < wanted if increment > 0 else found > wanted):
            continue
        bound = sequence["maximum"] if increment > 0 else sequence["minimum"]
        is_within = wanted <= bound if increment > 0 else wanted >= bound
        yield f"select pg_catalog.setval('{_literal(name)}', {wanted if is_within else bound}, {str(not is_within).lower()})"


def _owning_column(owned_by: str | None, table: str) -> str | None:
    if owned_by is None:
        return None
    *owner, column = parts_of(owned_by)
    return column if tuple(owner) == parts_of(table) else None


def _literal(name: str) -> str:
    return name.replace("'", "''")
