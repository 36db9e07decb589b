"""The plan of a restore: what is dropped, restored and left out, found before the target is touched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.backup.catalogue.identifiers import parts_of
from tasks.backup.manifest import Manifest
from tasks.backup.restore.checks import locale_remarks, refusals
from tasks.backup.restore.contents import Entry
from tasks.backup.restore.entries import GRANTS_ARE_OURS, RestoreList, choose_entries, leakproof_functions
from tasks.backup.restore.target import Target, role_names, schema_names
from tasks.errors import RestoreRefused
from tasks.outside_text import displayable
from tasks.postgres.queries import inlined
from tasks.warehouse.migrate import head_revision
from tasks.warehouse.schema.any_shop.announce import DECIMAL_QUANTITIES, estimate

_ROUTINES = {"function", "procedure", "aggregate", "window function"}
_SHOWN = 10


@dataclass(frozen=True)
class RestorePlan:
    """What a restore of a whole backup does with its target.

    Attributes:
        backup: Id of the backup.
        database: Name of the target's database.
        target: Its address without the password.
        target_facts: What was found there.
        backup_major: Major version of the backup's server.
        dropped: Objects that are dropped, such as ``table shop.orders``.
        dependents: Objects outside of the backup's schemas that are dropped with them.
        large_objects: Large objects that are dropped.
        kept: Objects in the backup's schemas that stay, since the role may not drop them.
        entries: What is restored, and what is not, with the reasons.
        missing_roles: Roles that the backup names and the target does not have; their grants are skipped.
        remarks: What else the target will have otherwise than the backup, a sentence each.
        refusals: What makes the restore impossible, a sentence each.
        is_warehouse: Whether the load lock is held meanwhile.
        upgrade_from: Revision that is brought to the newest one afterwards; None if there is nothing to do.
        lines_written_anew: Lines that this writes anew, since their quantities get decimals.
        brings_backup_lock: Whether the backup has the table that backups lock.
        drops_backup_lock: Whether the backup is older than the table that backups lock.
    """

    backup: str
    database: str
    target: str
    target_facts: Target
    backup_major: int
    dropped: tuple[str, ...]
    dependents: tuple[str, ...]
    large_objects: int
    kept: tuple[str, ...]
    entries: RestoreList
    missing_roles: tuple[str, ...]
    remarks: tuple[str, ...]
    refusals: tuple[str, ...]
    is_warehouse: bool
    upgrade_from: str | None
    lines_written_anew: int
    brings_backup_lock: bool
    drops_backup_lock: bool

    @property
    def needs_confirmation(self) -> bool:
        """Whether the target holds something that is dropped."""
        return bool(self.dropped or self.large_objects)

    def ensure_possible(self, confirmed: str) -> None:
        """Check that the restore may begin.

        Args:
            confirmed: The database that the user named as the one whose objects may be dropped; empty for none.

        Raises:
            RestoreRefused: it cannot succeed, or it drops something and that was not confirmed.
        """
        if self.refusals:
            raise RestoreRefused(
                "\n".join(("it cannot be restored there:", *self.refusals)),
                backup=self.backup,
                target=self.target,
            )
        if confirmed and confirmed != self.database:
            raise RestoreRefused(
                f"the confirmation names {displayable(confirmed)}, but the target is {self.database}.",
                f"Check the address, then confirm {self.database}.",
                backup=self.backup,
                target=self.target,
            )
        if self.needs_confirmation and not confirmed:
            raise RestoreRefused(
                f"the database {self.database} is not empty: {_some(self.dropped)} would be dropped.",
                f"Look at the plan, then confirm with --confirm {self.database}.",
                backup=self.backup,
                target=self.target,
            )

    def lines(self) -> Iterator[str]:
        """The plan as sentences for people."""
        if self.dropped:
            yield f"Drops {len(self.dropped):,} objects of the database {self.database}: {_some(self.dropped)}."
        if self.dependents:
            yield f"Drops with them, outside of the backup's schemas: {_some(self.dependents)}."
        if self.large_objects:
            yield f"Drops {self.large_objects:,} large objects."
        if self.kept:
            yield f"Keeps what belongs to other roles: {_some(self.kept)}."
        yield f"Restores {len(self.entries.taken):,} entries of the archive."
        for reason, entries in self._left_out().items():
            yield f"Leaves out {_some([entry.display for entry in entries])}: {reason}"
        if self.missing_roles:
            yield f"Skips the grants of roles that do not exist: {_some(self.missing_roles)}."
        yield from self.remarks
        if self.upgrade_from:
            yield f"Brings the schemas from revision {self.upgrade_from} to {head_revision()} afterwards."
        if self.lines_written_anew:
            yield (
                f"Writes {self.lines_written_anew:,} lines anew then, since quantities get decimals, which takes "
                f"{estimate(self.lines_written_anew)}."
            )
        yield from self.refusals

    def _left_out(self) -> dict[str, list[Entry]]:
        by_reason: dict[str, list[Entry]] = defaultdict(list)
        for left_out in self.entries.left_out:
            if left_out.reason != GRANTS_ARE_OURS:
                by_reason[left_out.reason].append(left_out.entry)
        return by_reason


def make_plan(manifest: Manifest, entries: Sequence[Entry], target: Target, address: str) -> RestorePlan:
    """Plan the restore of a whole backup.

    Args:
        manifest: The manifest of the backup.
        entries: The contents of its main archive.
        target: What was found in the target.
        address: The target's address without the password.
    """
    catalogue, warehouse = manifest.catalogue, manifest.warehouse
    brings_backup_lock = "retail_ops.backup_lock" in catalogue.get("relations", {})
    keeps = {"load_lock"} if warehouse is not None or target.has_load_lock else set()
    if target.has_backup_lock and brings_backup_lock:
        keeps.add("backup_lock")
    owned = [item for item in target.objects if item.is_owned]
    remarks = list(locale_remarks(manifest, target))
    if leakproof := leakproof_functions(entries, catalogue, target):
        remarks.append(f"Restores without LEAKPROOF, which only a superuser may give: {_some(leakproof)}.")
    return RestorePlan(
        backup=str(manifest.id),
        database=target.database,
        target=address,
        target_facts=target,
        backup_major=manifest.server_major,
        dropped=tuple(f"{item.kind} {item.name}" for item in owned),
        dependents=target.dependents if owned else (),
        large_objects=len(target.large_objects) if catalogue.get("large_objects") else 0,
        kept=tuple(f"{item.kind} {item.name}" for item in target.objects if not item.is_owned),
        entries=choose_entries(entries, catalogue, target, frozenset(keeps)),
        missing_roles=tuple(sorted(role_names(catalogue) - target.roles)),
        remarks=tuple(remarks),
        refusals=tuple(refusals(manifest, target)),
        is_warehouse=bool(keeps),
        upgrade_from=warehouse.revision if warehouse and warehouse.revision != head_revision() else None,
        lines_written_anew=_lines_written_anew(manifest),
        brings_backup_lock=brings_backup_lock,
        drops_backup_lock=target.has_backup_lock
        and "retail_ops" in schema_names(catalogue)
        and not brings_backup_lock,
    )


def _lines_written_anew(manifest: Manifest) -> int:
    if manifest.warehouse is None or manifest.warehouse.revision >= DECIMAL_QUANTITIES:
        return 0
    return sum(table.rows for table in manifest.rows if table.name == "retail_dwh.fact_sale")


def drop_script(plan: RestorePlan, catalogue: Mapping[str, Any]) -> str:
    """Return the statements that make room for the backup, whose catalogue is given."""
    target = plan.target_facts
    statements = [
        f"DROP {_keyword(item.kind)} IF EXISTS {item.name} CASCADE"
        for item in target.objects
        if item.is_owned
    ]
    if plan.drops_backup_lock:
        statements.append("DROP TABLE retail_ops.backup_lock")
    if plan.large_objects:
        numbers = ", ".join(str(number) for number in target.large_objects)
        statements.append(f"SELECT pg_catalog.lo_unlink(o) FROM unnest(array[{numbers}]::oid[]) AS o")
    # Schemas stay, so that their comments must be set anew; an archive has none to take one away.
    for key, schema in catalogue.get("schemas", {}).items():
        present = target.schemas.get(parts_of(key)[0])
        if present is not None and present.is_owned:
            comment = inlined("$1", schema.get("comment"))
            statements.append(f"COMMENT ON SCHEMA {key} IS {comment}")
    return ";\n".join(statements)


def _keyword(kind: str) -> str:
    return "ROUTINE" if kind in _ROUTINES else kind.upper()


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
