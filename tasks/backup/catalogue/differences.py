"""What differs between the catalogue of a backup and that of a database, as sentences that name the object."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.backup.catalogue.acl_differences import acl_differences
from tasks.backup.catalogue.catalogue import SEQUENCE_VALUES
from tasks.backup.catalogue.sql_text import loose_digest, unquoted

_KINDS = {
    "constraints": "constraint",
    "default_privileges": "default privileges",
    "indexes": "index",
    "large_objects": "large objects of",
    "operator_classes": "operator class",
    "operator_families": "operator family",
    "policies": "policy",
    SEQUENCE_VALUES: "sequence",
    "statistics": "statistics",
    "text_search_dictionaries": "text search dictionary",
}
# Texts that each major version shows in its own way.
_TEXTS = {"default", "generated", "using", "check", "definition", "partition_key", "partition_bound", "where"}
_LABELS = {
    "check": "its WITH CHECK condition",
    "enabled": "it",
    "force_rls": "row-level security for the owner",
    "is_clustered": "clustering on it",
    "is_replica_identity": "its use as replica identity",
    "of_type": "its type",
    "rls": "row-level security",
    "using": "its USING condition",
    "validated": "its validation",
}
_TOO_LONG = _TEXTS | {"comment", "settings"}
_NOT_RESTORED = {"roles", "settings"}  # of the cluster
# The target has objects of its own there: nothing of the backup depends on what they are.
_SHARED_WITH_TARGET = {
    *(
        "access_methods",
        "default_privileges",
        "event_triggers",
        "extensions",
        "foreign_data_wrappers",
        "languages",
    ),
}
_NOT_COMPARED_IF_RESTORED = {"extensions": {"owner", "version"}}


@dataclass(frozen=True)
class Difference:
    """One difference.

    Attributes:
        section: Section of the catalogue.
        name: Name of the object in that section, as in the backup if it has the object.
        sentence: The difference as a sentence that names the object.
    """

    section: str
    name: str
    sentence: str


def differences(
    expected: Mapping[str, Any],
    actual: Mapping[str, Any],
    *,
    majors: tuple[int, int],
    restored: bool = True,
    left_out: Collection[tuple[str, str]] = (),
) -> list[str]:
    """Return what ``find_differences`` finds, as sentences."""
    compared = find_differences(expected, actual, majors=majors, restored=restored, left_out=left_out)
    return [difference.sentence for difference in compared]


def find_differences(
    expected: Mapping[str, Any],
    actual: Mapping[str, Any],
    *,
    majors: tuple[int, int],
    restored: bool = True,
    left_out: Collection[tuple[str, str]] = (),
) -> list[Difference]:
    """Compare two catalogues.

    Args:
        expected: Catalogue of the backup.
        actual: Catalogue of the database that is compared with it.
        majors: Major versions of the servers of the two. What only one of them has raises no difference.
        restored: Whether ``actual`` is a restored database. Then roles, their settings, and versions of extensions
            are not compared, the database may have own default privileges, event triggers and extensions, and its
            sequences may be ahead. If not, it is the same database at another time, and everything is compared.
        left_out: Section and name of objects that the restore leaves out.
    """
    comparison = _Comparison(majors, restored)
    left = {(section, unquoted(name)) for section, name in left_out}
    differing = []
    for section in sorted({*expected, *actual}):
        if restored and section in _NOT_RESTORED:
            continue
        before = comparison.by_name(expected.get(section, {}))
        after = comparison.by_name(actual.get(section, {}))
        for key in sorted({*before, *after}):
            if (section, key) in left:
                continue
            name, item = before.get(key) or after[key]
            subject = _subject(section, name, item)
            sentences: Iterator[str] | list[str]
            if key not in after:
                sentences = ["missing"]
            elif key not in before:
                is_own = restored and section in _SHARED_WITH_TARGET
                sentences = [] if is_own else ["not in the backup" if restored else "new"]
            else:
                sentences = comparison.object_differences(section, before[key][1], after[key][1])
            differing += [Difference(section, name, f"{subject}: {text}.") for text in sentences]
    return differing


@dataclass(frozen=True)
class _Comparison:
    majors: tuple[int, int]
    restored: bool

    @property
    def across(self) -> bool:
        return self.majors[0] != self.majors[1]

    def by_name(self, objects: Mapping[str, Any]) -> dict[str, tuple[str, Mapping[str, Any]]]:
        # NOT NULL became a constraint with a name in Postgres 17 (domains) and 18 (columns).
        return {
            unquoted(name): (name, item)
            for name, item in objects.items()
            if not (self.across and item.get("kind") == "not null")
        }

    def object_differences(
        self, section: str, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> Iterator[str]:
        if section == SEQUENCE_VALUES:
            yield from self._value_differences(before, after)
            return
        yield from self._attribute_differences(before, after, self._ignored(section))
        yield from acl_differences(before, after, self.majors)
        yield from self._part_differences("column", "name", before, after)
        yield from self._part_differences("table", "table", before, after)

    def _ignored(self, section: str) -> set[str]:
        ignored = {"acl", "columns", "tables", "loose_definition"}
        if self.restored:
            ignored |= _NOT_COMPARED_IF_RESTORED.get(section, set())
        return ignored

    def _attribute_differences(
        self, before: Mapping[str, Any], after: Mapping[str, Any], ignored: set[str]
    ) -> Iterator[str]:
        for attribute in sorted({*before, *after} - ignored):
            if attribute == "definition" and "loose_definition" in before and self.across:
                if before["loose_definition"] != after.get("loose_definition"):
                    yield "its definition differs"
                continue
            old, new = before.get(attribute), after.get(attribute)
            if self._normal(attribute, old) != self._normal(attribute, new):
                yield _changed(attribute, old, new)

    def _normal(self, attribute: str, value: Any) -> Any:
        if not self.across:
            return value
        if isinstance(value, str):
            return loose_digest(value) if attribute in _TEXTS else unquoted(value)
        if isinstance(value, list):
            return [self._normal(attribute, item) for item in value]
        if isinstance(value, dict):
            return {key: self._normal(key, item) for key, item in value.items()}
        return value

    def _value_differences(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
        """A sequence moves on by itself; behind the backup, it would give numbers again."""
        old, new, increment = before["next"], after["next"], before.get("increment", 1)
        is_behind = new < old if increment > 0 else new > old
        if self.restored and is_behind and not before.get("cycle"):
            yield f"its next value is {new} instead of {old}"

    def _part_differences(
        self, kind: str, name: str, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> Iterator[str]:
        """Compare the columns of a table, or the tables of a publication."""
        old, new = (
            {unquoted(part[name]): part for part in item.get(f"{kind}s", ())} for item in (before, after)
        )
        owners = {"owner": before.get("owner")}, {"owner": after.get("owner")}
        for key in [*old, *(key for key in new if key not in old)]:
            if key not in new:
                yield f"{kind} {key} is missing"
            elif key not in old:
                yield f"{kind} {key} is " + ("not in the backup" if self.restored else "new")
            else:
                changes = [
                    *self._attribute_differences(old[key], new[key], {"acl", name}),
                    *acl_differences(owners[0] | old[key], owners[1] | new[key], self.majors),
                ]
                yield from (f"{kind} {key}: {change}" for change in changes)
        order = [key for key in old if key in new], [key for key in new if key in old]
        if order[0] != order[1]:
            yield f"the order of its {kind}s is {', '.join(order[1])} instead of {', '.join(order[0])}"


def _subject(section: str, name: str, item: Mapping[str, Any]) -> str:
    if section in {"relations", "functions", "types"}:
        return f"{item.get('kind', section)} {name}"
    kind = _KINDS.get(section, section.removesuffix("s").replace("_", " "))
    if "on" in item and "name" in item:
        return f"{kind} {item['name']} of {item['on']}"
    if section == "indexes":
        return f"{kind} {name} of {item['table']}"
    return f"{kind} {name}"


def _changed(attribute: str, old: Any, new: Any) -> str:
    label = _LABELS.get(attribute, f"its {attribute.replace('_', ' ')}")
    is_plural = label.endswith("s")
    if attribute not in _TOO_LONG and not any(isinstance(value, list | dict) for value in (old, new)):
        return f"{label} {'are' if is_plural else 'is'} {_shown(new)} instead of {_shown(old)}"
    if old is None or new is None:
        missing = "missing" if new is None else "not in the backup"
        return f"{label} {'are' if is_plural else 'is'} {missing}"
    return f"{label} {'differ' if is_plural else 'differs'}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "not set" if value is None else str(value)
