"""Which entries of an archive a restore takes, and for each that it leaves out the reason.

pg_restore stops at its first error, and a role that is no superuser may not do everything that pg_dump writes: so
nothing is tried that cannot succeed. Grants are never taken from the archive: see ``tasks.backup.restore.grants``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from tasks.backup.catalogue.identifiers import parts_of
from tasks.backup.restore.contents import Entry
from tasks.backup.restore.target import Target

GRANTS_ARE_OURS = "privileges are granted from the backup's catalogue, and no others."
# Extensions of Supabase's platform, which no table depends on.
PLATFORM_EXTENSIONS = frozenset(
    {
        "pg_cron",
        "pg_graphql",
        "pg_net",
        "pg_stat_statements",
        "pgaudit",
        "pgsodium",
        "supabase_vault",
        "wrappers",
    }
)
_SIDE_BY_SIDE = frozenset({"CONSTRAINT", "INDEX"})
_LOCK_TABLES = ("load_lock", "backup_lock")
_GRANTED = (
    (("FUNCTION", "PROCEDURE", "AGGREGATE"), ("functions",)),
    (("TABLE", "COLUMN", "SEQUENCE"), ("relations", "sequences")),
    (("TYPE", "DOMAIN"), ("types",)),
)
_Reason = Callable[[Entry], str | None]


@dataclass(frozen=True)
class LeftOut:
    """An entry that is not restored, with the reason as a sentence."""

    entry: Entry
    reason: str


@dataclass(frozen=True)
class RestoreList:
    """The entries of the main archive that are restored, in its order, and those that are not."""

    taken: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...]

    def use_list(self) -> str:
        """The file for ``pg_restore --use-list``."""
        return _use_list(self.taken)

    def use_lists(self) -> tuple[str, str]:
        """The same in two files: what may be built side by side, with its comments, and the rest."""
        side_by_side: list[Entry] = []
        others: list[Entry] = []
        target = others
        for entry in self.taken:
            if entry.kind != "COMMENT":  # it follows what it is about
                target = side_by_side if entry.kind in _SIDE_BY_SIDE else others
            target.append(entry)
        return _use_list(side_by_side), _use_list(others)


def _use_list(entries: Iterable[Entry]) -> str:
    return "".join(f"{entry.dump_id};\n" for entry in entries)


def choose_entries(
    entries: Iterable[Entry], catalogue: Mapping[str, Any], target: Target, keeps: frozenset[str]
) -> RestoreList:
    """Choose the entries that are restored.

    Args:
        entries: The contents of the main archive.
        catalogue: The catalogue of the backup.
        target: The target, as it is before anything is dropped.
        keeps: Which of the lock tables in ``retail_ops`` stay as they are.
    """
    rules: tuple[_Reason, ...] = (
        partial(_privileges, catalogue),
        _lists_of_other_servers,
        partial(_lock_tables, keeps),
        partial(_schemas, target),
        partial(_extensions, target),
        partial(_event_triggers, target),
        partial(_publications, catalogue, target),
    )
    taken, left_out = [], []
    for entry in entries:
        reason = next((text for rule in rules if (text := rule(entry)) is not None), None)
        if reason is None:
            taken.append(entry)
        else:
            left_out.append(LeftOut(entry, reason))
    return RestoreList(tuple(taken), tuple(left_out))


def missing_extensions(catalogue: Mapping[str, Any], target: Target) -> list[str]:
    """Return the extensions of the backup that the target's server does not have."""
    names = (parts_of(name)[0] for name in catalogue.get("extensions", {}))
    return [
        name for name in names if name not in target.extensions and name not in target.available_extensions
    ]


def _privileges(catalogue: Mapping[str, Any], entry: Entry) -> str | None:
    if entry.kind == "DEFAULT ACL":
        return GRANTS_ARE_OURS
    if entry.kind != "ACL":
        return None
    kind, _, name = entry.name.partition(" ")
    of_extension = (
        "it belongs to an extension; its privileges are those that the target's extension gives it."
    )
    for kinds, sections in _GRANTED:
        if kind in kinds:  # routines are compared without their arguments
            names = {(entry.schema, name), (entry.schema, *parts_of(name)[:1])}
            known = (parts_of(key)[:2] for section in sections for key in catalogue.get(section, {}))
            # The catalogue has no members of extensions.
            return of_extension if names.isdisjoint(known) else GRANTS_ARE_OURS
    return of_extension if kind == "LANGUAGE" else GRANTS_ARE_OURS


def _lists_of_other_servers(entry: Entry) -> str | None:
    if entry.kind.startswith("SUBSCRIPTION") or _comments_on(entry, "SUBSCRIPTION"):
        return "a subscription would connect to its publisher at once; create it by hand."
    if entry.kind == "SECURITY LABEL":
        return "security labels need the module of their provider."
    if entry.kind == "STATISTICS DATA":
        return "statistics are collected anew."
    return None


def _lock_tables(keeps: frozenset[str], entry: Entry) -> str | None:
    if entry.schema != "retail_ops":
        return None
    words = entry.name.split()
    if entry.kind == "COMMENT":
        words = words[1:]
    table = words[0].partition(".")[0] if words else ""
    if table in keeps and table in _LOCK_TABLES:
        return f"retail_ops.{table} stays as it is: it is what keeps loads and backups out meanwhile."
    return None


def _schemas(target: Target, entry: Entry) -> str | None:
    name = entry.name if entry.kind == "SCHEMA" else entry.name.removeprefix("SCHEMA ")
    if entry.kind == "SCHEMA" and name in target.schemas:
        return "the schema exists."
    if _comments_on(entry, "SCHEMA") and name in target.schemas and not target.schemas[name].is_owned:
        return "the schema belongs to another role."
    return None


def _extensions(target: Target, entry: Entry) -> str | None:
    name = entry.name if entry.kind == "EXTENSION" else entry.name.removeprefix("EXTENSION ")
    if entry.kind != "EXTENSION" and not _comments_on(entry, "EXTENSION"):
        return None
    if name in target.extensions:
        return "the extension is installed already."
    if name not in target.available_extensions:
        return "the server does not have this extension."
    if name in PLATFORM_EXTENSIONS and not target.is_superuser:
        return "the extension belongs to Supabase's platform; enable it in the dashboard."
    return None


def _event_triggers(target: Target, entry: Entry) -> str | None:
    if entry.kind != "EVENT TRIGGER" and not _comments_on(entry, "EVENT TRIGGER"):
        return None
    if not target.is_superuser:
        return "only a superuser may create event triggers."
    name = entry.name.removeprefix("EVENT TRIGGER ")
    return "an event trigger of that name exists." if name in target.event_triggers else None


def _publications(catalogue: Mapping[str, Any], target: Target, entry: Entry) -> str | None:
    if entry.kind.startswith("PUBLICATION TABLE"):
        return _published_tables(target, entry)
    if entry.kind != "PUBLICATION" and not _comments_on(entry, "PUBLICATION"):
        return None
    name = entry.name.removeprefix("PUBLICATION ") if entry.kind == "COMMENT" else entry.name
    if name in target.publications:
        return "a publication of that name exists; it stays as it is."
    publications = {parts_of(key)[0]: value for key, value in catalogue.get("publications", {}).items()}
    if publications.get(name, {}).get("all_tables") and not target.is_superuser:
        return "only a superuser may publish all tables."
    return None


def _published_tables(target: Target, entry: Entry) -> str | None:
    if entry.kind == "PUBLICATION TABLES IN SCHEMA" and not target.is_superuser:
        return "only a superuser may publish all tables of a schema."
    # The name of the publication, then that of the table.
    known = [name for name in target.publications if entry.name.startswith(f"{name} ")]
    if known and not target.publications[max(known, key=len)]:
        return f"the publication {max(known, key=len)} belongs to another role."
    return None


def leakproof_functions(entries: Iterable[Entry], catalogue: Mapping[str, Any], target: Target) -> list[str]:
    """Return the functions that lose LEAKPROOF, which only a superuser may give."""
    if target.is_superuser:
        return []
    return [
        f"{entry.schema}.{entry.name}"
        for entry in entries
        if entry.kind == "FUNCTION"
        and any(
            function.get("leakproof") and _is_signature(entry.schema, entry.name, key)
            for key, function in catalogue.get("functions", {}).items()
        )
    ]


def _is_signature(schema: str, signature: str, key: str) -> bool:
    """Whether ``twice(integer)`` of an archive is ``shop.twice(n integer)`` of a catalogue."""
    name, _, types = signature.partition("(")
    if parts_of(key) != (schema, parts_of(name)[0] if name.startswith('"') else name):
        return False
    arguments = key[key.index("(") + 1 : -1].split(", ")
    expected = types.removesuffix(")").split(", ")
    return len(arguments) == len(expected) and all(
        argument.endswith(kind) for argument, kind in zip(arguments, expected, strict=True)
    )


def _comments_on(entry: Entry, kind: str) -> bool:
    return entry.kind == "COMMENT" and entry.name.startswith(f"{kind} ")
