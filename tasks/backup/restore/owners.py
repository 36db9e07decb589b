"""Owners as the backup recorded them: an object is restored as one of the session's role, and handed over afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from tasks.backup.catalogue.identifiers import parts_of, quoted
from tasks.backup.restore.grants import Grantors

_KEYWORDS = {
    "schemas": "SCHEMA",
    "sequences": "SEQUENCE",
    "functions": "ROUTINE",
    "types": "TYPE",
    "collations": "COLLATION",
    "conversions": "CONVERSION",
    "operators": "OPERATOR",
    "operator_classes": "OPERATOR CLASS",
    "operator_families": "OPERATOR FAMILY",
    "text_search_dictionaries": "TEXT SEARCH DICTIONARY",
    "text_search_configurations": "TEXT SEARCH CONFIGURATION",
    "foreign_servers": "SERVER",
    "statistics": "STATISTICS",
    "publications": "PUBLICATION",
    "event_triggers": "EVENT TRIGGER",
}
_OUTSIDE_OF_SCHEMAS = {"schemas", "foreign_servers", "publications", "event_triggers"}


def owner_statements(
    expected: Mapping[str, Any], present: Mapping[str, Any], grantors: Grantors
) -> tuple[list[str], list[str]]:
    """Compare the owners of a backup's objects with those of the restored ones.

    Args:
        expected: The catalogue of the backup.
        present: The catalogue of the target, without or with the objects that follow the rows.
        grantors: What the session may do.

    Returns:
        The statements, and a sentence for each role that cannot own what it owned. A new owner must be allowed to create
        in the schema: it gets that right, which the comparison of privileges takes away again.
    """
    statements: list[str] = []
    creators: dict[tuple[str, str], str] = {}
    kept: Counter[tuple[str, str]] = Counter()
    for section, key, keyword in _objects(expected):
        item, other = expected[section][key], present.get(section, {}).get(key)
        if other is None or item.get("owner") in {None, other.get("owner")}:
            continue
        if grantors.may_act_as(item["owner"]) and grantors.may_act_as(other["owner"]):
            statements.append(f"ALTER {keyword} {key} OWNER TO {quoted(item['owner'])}")
            if section not in _OUTSIDE_OF_SCHEMAS:
                schema = quoted(parts_of(key)[0])
                creators[schema, item["owner"]] = (
                    f"GRANT CREATE ON SCHEMA {schema} TO {quoted(item['owner'])}"
                )
        else:
            kept[item["owner"], other["owner"]] += 1
    remarks = [
        f"{count} {'object' if count == 1 else 'objects'} of {owner} {'belongs' if count == 1 else 'belong'} to {other}: "
        + (
            f"the role {owner} does not exist."
            if owner not in grantors.roles
            else "this session may not act as it."
        )
        for (owner, other), count in sorted(kept.items())
    ]
    return [*creators.values(), *statements], remarks


def _objects(catalogue: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield section, name and the keyword of ALTER."""
    for key, relation in catalogue.get("relations", {}).items():
        if relation["kind"] != "composite type":
            yield "relations", key, relation["kind"].upper().removeprefix("PARTITIONED ")
    for section, keyword in _KEYWORDS.items():
        for key, item in catalogue.get(section, {}).items():
            if not (section == "sequences" and item.get("owned_by")):  # it follows its table
                yield section, key, keyword
