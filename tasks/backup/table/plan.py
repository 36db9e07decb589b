"""The plan of the restore of a single table, found before the target is touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.backup.catalogue.catalogue import SEQUENCE_VALUES
from tasks.backup.catalogue.identifiers import parts_of, quoted
from tasks.backup.manifest import Manifest
from tasks.backup.table.checks import BackedUpTable, Way, refusals, remarks
from tasks.backup.table.target import TableTarget
from tasks.errors import RestoreRefused
from tasks.outside_text import displayable


@dataclass(frozen=True)
class TableRestorePlan:
    """What a restore of a single table does with its target.

    Attributes:
        backup: Id of the backup.
        database: Name of the target's database.
        address: Its address without the password.
        table: The table in the backup.
        target: What was found in the target.
        way: The rows of the live table are exchanged, the table is created, or another table is made beside it.
        made: Plain name of the table that is made; for an exchange that of the side table, which goes again.
        sequences: Next values in the backup of the sequences of its columns, by the plain name of the column.
        remarks: What the target will have otherwise than the backup, a sentence each.
        refusals: What makes the restore impossible, a sentence each, with the way out.
    """

    backup: str
    database: str
    address: str
    table: BackedUpTable
    target: TableTarget
    way: Way
    made: str
    sequences: Mapping[str, int]
    remarks: tuple[str, ...]
    refusals: tuple[str, ...]

    @property
    def replaces_data(self) -> bool:
        """Whether rows that exist are deleted or changed."""
        return self.way == "exchange rows"

    @property
    def live(self) -> str:
        """Qualified name of the table as the target writes it, or would."""
        return self.target.live or self.table.name

    @property
    def side(self) -> str:
        """Qualified name of the table that is made, quoted."""
        return f"{quoted(self.table.schema)}.{quoted(self.made)}"

    def ensure_possible(self, confirmed: str) -> None:
        """Check that the restore may begin.

        Args:
            confirmed: The database that the user named as the one that is written to; empty for none.

        Raises:
            RestoreRefused: it cannot succeed, or was not confirmed for this database.
        """
        if self.refusals:
            raise self.refused("\n".join(("it cannot be restored there:", *self.refusals)))
        if confirmed and confirmed != self.database:
            raise self.refused(
                f"the confirmation names {displayable(confirmed)}, but the target is {self.database}.",
                f"Check the address, then confirm {self.database}.",
            )
        if not confirmed:
            raise self.refused(
                f"it would write to the database {self.database}.",
                f"Look at the plan, then confirm with --confirm {self.database}.",
            )

    def refused(self, what: str, next_step: str = "") -> RestoreRefused:
        """Return the error of a restore that left the target as it was."""
        return RestoreRefused(what, next_step, backup=self.backup, target=self.address)

    def lines(self) -> Iterator[str]:
        """The plan as sentences for people."""
        rows = f"the {self.table.rows.rows:,} rows"
        if self.way == "exchange rows":
            yield (
                f"Restores {rows} of {self.live} beside it, compares them with the manifest, and exchanges the rows in one "
                "transaction: readers do not wait, writers wait for the exchange."
            )
            yield (
                "Deletes rows that are not in the backup, sets changed ones back and inserts missing ones; triggers do not "
                "fire. Columns, keys, policies, privileges, triggers, comments and views stay as they are."
            )
        elif self.way == "create":
            yield (
                f"Creates {self.live}, which does not exist, with {rows}, its keys, indexes, policies, triggers and "
                "privileges."
            )
        else:
            yield (
                f"Creates {self.side} with {rows} of {self.table.name}, its columns, primary key and comments, for its owner "
                "alone. The live table stays as it is."
            )
        yield from self.remarks
        yield from self.refusals


def find_backed_up_table(manifest: Manifest, name: str, address: str) -> BackedUpTable:
    """Find a table in a backup.

    Args:
        manifest: The backup.
        name: ``SCHEMA.TABLE``, with or without quotes.
        address: Address of the target, for errors.

    Raises:
        RestoreRefused: it has no such table, or the table is a partition whose rows count with its root's.
    """
    relations: Mapping[str, Any] = manifest.catalogue.get("relations", {})
    tables = {
        key: relation
        for key, relation in relations.items()
        if relation["kind"] in {"table", "partitioned table"}
    }
    named = [key for key in tables if key == name] or [
        key for key in tables if ".".join(parts_of(key)) == name
    ]
    ids = {"backup": str(manifest.id), "target": address}
    if len(named) != 1:
        what = (
            f"the name {displayable(name)} fits {' and '.join(named)}."
            if named
            else f"it holds no table {displayable(name)}."
        )
        raise RestoreRefused(what, "Write it as SCHEMA.TABLE, quoted as in SQL.", **ids)
    (key,) = named
    rows = next((table for table in manifest.rows if parts_of(table.name) == parts_of(key)), None)
    if rows is None:
        raise RestoreRefused(
            f"{key} is a partition, whose rows are counted with those of its root.",
            f"Restore {' and '.join(tables[key].get('parents', ())) or 'its root'}.",
            **ids,
        )
    return BackedUpTable(key, tables[key], rows)


def make_table_plan(
    manifest: Manifest, table: BackedUpTable, target: TableTarget, address: str, beside: str
) -> TableRestorePlan:
    """Plan the restore of a table.

    Args:
        manifest: The backup.
        table: The table in it.
        target: What was found in the target.
        address: The target's address without the password.
        beside: Plain name that the restored table gets; empty for that of the live one.
    """
    way: Way = "beside" if beside else ("create" if target.live is None else "exchange rows")
    made = beside or (
        f"retail_restore_{manifest.id.hex}" if way == "exchange rows" else parts_of(table.name)[1]
    )
    return TableRestorePlan(
        backup=str(manifest.id),
        database=target.database,
        address=address,
        table=table,
        target=target,
        way=way,
        made=made,
        sequences=_sequences(manifest, table),
        remarks=tuple(remarks(manifest, table, target, way)),
        refusals=tuple(refusals(manifest, table, target, way, made)),
    )


def _sequences(manifest: Manifest, table: BackedUpTable) -> dict[str, int]:
    catalogue = manifest.catalogue
    values = catalogue.get(SEQUENCE_VALUES, {})
    owners = {
        name: parts_of(sequence["owned_by"])
        for name, sequence in catalogue.get("sequences", {}).items()
        if sequence.get("owned_by")
    }
    return {
        owner[2]: values[name]["next"] for name, owner in owners.items() if owner[:2] == parts_of(table.name)
    }
