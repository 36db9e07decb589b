"""The privileges of a backup, granted from its catalogue: exactly the recorded ones hold, and no others.

pg_dump writes no REVOKE for a role that had nothing, so that default privileges of the target would stay; and it hides a
grant of somebody who is not the owner behind SET SESSION AUTHORIZATION, by which an owner who is no superuser loses all
grants of that table. So the statements here are the difference between the privileges that the backup recorded and
those that the restored objects have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tasks.backup.catalogue.identifiers import quoted

_KEYWORDS = {
    "schemas": "SCHEMA",
    "relations": "TABLE",
    "sequences": "SEQUENCE",
    "functions": "ROUTINE",
    "types": "TYPE",
    "foreign_data_wrappers": "FOREIGN DATA WRAPPER",
    "foreign_servers": "FOREIGN SERVER",
}
_MAINTAIN_SINCE = 17


@dataclass(frozen=True, order=True)
class Privilege:
    """A privilege that a role holds; ``public`` stands for everybody."""

    grantor: str
    grantee: str
    name: str
    grantable: bool


@dataclass(frozen=True)
class GrantStatement:
    """A GRANT or REVOKE, and the role that must be acted as; empty for the role of the session."""

    sql: str
    role: str = ""


@dataclass(frozen=True)
class Grants:
    """What makes the privileges those of the backup.

    Attributes:
        statements: In the order in which they run, before any row is restored.
        at_end: Those that would keep the owner from restoring the rows.
        remarks: What cannot be as it was, a sentence each.
    """

    statements: tuple[GrantStatement, ...]
    at_end: tuple[GrantStatement, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Grantors:
    """What the session may do.

    Attributes:
        role: The session's role.
        roles: Roles of the target.
        assumable: Roles that the session may act as.
        expected_major: Major version of the backup's server.
        major: Major version of the target's.
    """

    role: str
    roles: frozenset[str]
    assumable: frozenset[str]
    expected_major: int
    major: int

    def may_act_as(self, role: str) -> bool:
        """Whether the session may act as a role."""
        return role == self.role or role in self.assumable


@dataclass
class _Result:
    statements: list[GrantStatement] = field(default_factory=list)
    at_end: list[GrantStatement] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def grant_statements(expected: Mapping[str, Any], present: Mapping[str, Any], grantors: Grantors) -> Grants:
    """Compare the privileges of a backup's objects with those that the restored objects have.

    Args:
        expected: The catalogue of the backup.
        present: The catalogue of the target, its objects restored without privileges.
        grantors: What the session may do.
    """
    result = _Result()
    for section, keyword in _KEYWORDS.items():
        for key, item in expected.get(section, {}).items():
            other = present.get(section, {}).get(key)
            if other is None or "acl" not in item or "owner" not in other:
                continue
            _compare(f"{keyword} {key}", item, other, other["owner"], grantors, result)
            columns = {column["name"]: column for column in other.get("columns", ())}
            for column in item.get("columns", ()):
                beside = columns.get(column["name"])
                if beside is not None and (column.get("acl") or beside.get("acl")):
                    wanted, found = (
                        {"owner": item["owner"], "acl": c.get("acl", ())} for c in (column, beside)
                    )
                    target = f"({quoted(column['name'])}) ON {keyword} {key}"
                    _compare(target, wanted, found, other["owner"], grantors, result)
    _compare_large_objects(expected, grantors, result)
    return Grants(tuple(result.statements), tuple(result.at_end), tuple(dict.fromkeys(result.remarks)))


def _compare(
    target: str,
    item: Mapping[str, Any],
    other: Mapping[str, Any],
    owner: str,
    grantors: Grantors,
    result: _Result,
) -> None:
    if not target.startswith("("):
        target = f" ON {target}"
    subject = target.rpartition(" ON ")[2]
    wanted = set(_wanted(subject, item, owner, grantors, result))
    found = {_privilege(entry) for entry in other["acl"]}
    if grantors.expected_major < _MAINTAIN_SINCE <= grantors.major:
        found = {one for one in found if not (one.name == "MAINTAIN" and one.grantee == owner)}
    if wanted != found and not grantors.may_act_as(owner):
        result.remarks.append(f"{subject}: its privileges stay as they are, since it belongs to {owner}.")
        return
    for statement, grantee in _revokes(target, wanted, found, owner):
        if statement.role and not grantors.may_act_as(statement.role):
            result.remarks.append(f"{subject}: what {statement.role} granted stays.")
            continue
        # Without its own privileges the owner could not write the rows.
        (result.at_end if grantee == owner else result.statements).append(statement)
    result.statements += _grants(target, wanted - found, owner)


def _wanted(
    subject: str, item: Mapping[str, Any], owner: str, grantors: Grantors, result: _Result
) -> Iterator[Privilege]:
    """The recorded privileges as they can hold in the target."""
    for entry in item["acl"]:
        privilege = _privilege(entry)
        # Where the owner could not be restored, another role stands for it.
        grantor, grantee = (
            owner if name == item["owner"] else name for name in (privilege.grantor, privilege.grantee)
        )
        if grantee != "public" and grantee not in grantors.roles:
            continue  # the plan names the missing roles
        if privilege.name == "MAINTAIN" and grantors.major < _MAINTAIN_SINCE:
            if grantee != owner:
                result.remarks.append(
                    f"{subject}: {grantee} loses MAINTAIN, which this server does not have."
                )
            continue
        if grantor != owner and not grantors.may_act_as(grantor):
            result.remarks.append(
                f"{subject}: the grants of {grantor} are made by its owner {owner}, since this session may not act "
                "as that role."
            )
            grantor = owner
        yield replace(privilege, grantor=grantor, grantee=grantee)


def _revokes(
    target: str, wanted: set[Privilege], found: set[Privilege], owner: str
) -> Iterator[tuple[GrantStatement, str]]:
    stays = {(one.grantor, one.grantee, one.name): one.grantable for one in wanted}
    for one in sorted(found - wanted):
        remains = (one.grantor, one.grantee, one.name) in stays
        if remains and not one.grantable:
            continue  # it gets the grant option
        option = "GRANT OPTION FOR " if remains else ""
        statement = f"REVOKE {option}{one.name}{_space(target)} FROM {_role(one.grantee)} CASCADE"
        yield GrantStatement(statement, "" if one.grantor == owner else one.grantor), one.grantee


def _grants(target: str, missing: Iterable[Privilege], owner: str) -> list[GrantStatement]:
    """Grants by the owner first; the others once their grantor has the grant option."""
    left, ordered = sorted(missing), []
    may_grant = {owner}
    while left:
        ready = [one for one in left if one.grantor in may_grant] or left
        ordered += ready
        may_grant |= {one.grantee for one in ready if one.grantable}
        left = [one for one in left if one not in ready]
    return [
        GrantStatement(
            f"GRANT {one.name}{_space(target)} TO {_role(one.grantee)}{' WITH GRANT OPTION' if one.grantable else ''}",
            "" if one.grantor == owner else one.grantor,
        )
        for one in ordered
    ]


def _compare_large_objects(expected: Mapping[str, Any], grantors: Grantors, result: _Result) -> None:
    """Large objects are restored with the rows, so their grants come last; nobody has anything on a new one."""
    for item in expected.get("large_objects", {}).values():
        for number in item.get("ids", ()) if item.get("acl") else ():
            wanted = set(_wanted(f"LARGE OBJECT {number}", item, item["owner"], grantors, result))
            others = [one for one in wanted if one.grantee != item["owner"]]
            result.at_end += _grants(f" ON LARGE OBJECT {number}", others, item["owner"])


def combined(statements: Sequence[GrantStatement]) -> list[GrantStatement]:
    """Join statements of the session's own role into one script, so that they travel in one turn."""
    scripts: list[GrantStatement] = []
    for statement in statements:
        if scripts and scripts[-1].role == statement.role:
            scripts[-1] = GrantStatement(f"{scripts[-1].sql};\n{statement.sql}", statement.role)
        else:
            scripts.append(statement)
    return scripts


def _privilege(entry: Mapping[str, Any]) -> Privilege:
    return Privilege(entry["grantor"], entry["grantee"], entry["privilege"], entry["grantable"])


def _space(target: str) -> str:
    return target if target.startswith(" ") else f" {target}"


def _role(name: str) -> str:
    return "PUBLIC" if name == "public" else quoted(name)
