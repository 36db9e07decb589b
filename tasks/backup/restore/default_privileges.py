"""Default privileges as the backup recorded them, for the roles that the session may act as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tasks.backup.catalogue.identifiers import quoted
from tasks.backup.restore.grants import Grantors, GrantStatement

# What a new object of a kind gives its owner, and what everybody, unless default privileges say otherwise.
_BUILT_IN: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "tables": (
        ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"),
        (),
    ),
    "sequences": (("SELECT", "UPDATE", "USAGE"), ()),
    "functions": (("EXECUTE",), ("EXECUTE",)),
    "types": (("USAGE",), ("USAGE",)),
    "schemas": (("USAGE", "CREATE"), ()),
    "large objects": (("SELECT", "UPDATE"), ()),
}
_Key = tuple[str, str | None, str]


def default_privilege_statements(
    expected: Mapping[str, Any], present: Mapping[str, Any], grantors: Grantors
) -> tuple[list[GrantStatement], list[str]]:
    """Compare the default privileges of a backup with those of the target.

    Args:
        expected: The catalogue of the backup.
        present: The catalogue of the target.
        grantors: What the session may do.

    Returns:
        The statements, and a sentence for each role whose default privileges stay as they are.
    """
    wanted, found = _by_key(expected), _by_key(present)
    owners = {item["owner"] for item in expected.get("relations", {}).values()} | {grantors.role}
    schemas = {name.strip('"').replace('""', '"') for name in expected.get("schemas", {})}
    statements: list[GrantStatement] = []
    remarks: list[str] = []
    for key in sorted({**wanted, **found}, key=str):
        role, schema, kind = key
        if key not in wanted and (role not in owners or (schema is not None and schema not in schemas)):
            continue  # the backup has nothing to do with it
        if wanted.get(key) == found.get(key):
            continue
        if role not in grantors.roles:
            continue  # the plan names the missing roles
        if not grantors.may_act_as(role):
            remarks.append(
                f"The default privileges of {role} for {kind} are not restored: only {role} may set them."
            )
            continue
        statements += _statements(key, _entries(key, wanted, grantors), _entries(key, found, grantors))
    return statements, list(dict.fromkeys(remarks))


def _by_key(catalogue: Mapping[str, Any]) -> dict[_Key, set[tuple[str, str, bool]]]:
    return {
        (item["role"], item.get("schema"), item["objects"]): {
            (entry["grantee"], entry["privilege"], entry["grantable"]) for entry in item["acl"]
        }
        for item in catalogue.get("default_privileges", {}).values()
    }


def _entries(
    key: _Key, catalogue: Mapping[_Key, set[tuple[str, str, bool]]], grantors: Grantors
) -> set[tuple[str, str, bool]]:
    role, schema, kind = key
    entries = catalogue.get(key)
    if entries is None:
        of_owner, of_all = _BUILT_IN[kind] if schema is None else ((), ())
        entries = {(role, name, False) for name in of_owner} | {("public", name, False) for name in of_all}
    known = {entry for entry in entries if entry[0] == "public" or entry[0] in grantors.roles}
    # What the owner may do with new objects differs between major versions by this one only.
    return {entry for entry in known if entry[1] != "MAINTAIN" or (grantors.major >= 17 and entry[0] != role)}


def _statements(
    key: _Key, wanted: set[tuple[str, str, bool]], found: set[tuple[str, str, bool]]
) -> Iterator[GrantStatement]:
    role, schema, kind = key
    start = f"ALTER DEFAULT PRIVILEGES FOR ROLE {quoted(role)}"
    if schema is not None:
        start += f" IN SCHEMA {quoted(schema)}"
    for grantee, name, _ in sorted(found - wanted):
        yield GrantStatement(f"{start} REVOKE {name} ON {kind.upper()} FROM {_role(grantee)}")
    for grantee, name, grantable in sorted(wanted - found):
        option = " WITH GRANT OPTION" if grantable else ""
        yield GrantStatement(f"{start} GRANT {name} ON {kind.upper()} TO {_role(grantee)}{option}")


def _role(name: str) -> str:
    return "PUBLIC" if name == "public" else quoted(name)
