"""Privileges that differ, by name: one role's right that the backup does not grant is a hole, one that lacks an outage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_MAINTAIN = "MAINTAIN"  # of tables, since Postgres 17
_MAINTAIN_MAJOR = 17
# What GRANT ALL on a table was before.
_ALL_BEFORE = {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"}

Privilege = tuple[str, str]  # grantee, privilege


def acl_differences(
    before: Mapping[str, Any], after: Mapping[str, Any], majors: tuple[int, int]
) -> Iterator[str]:
    """Yield what differs between the privileges (``acl``) on two objects, without their name.

    If they have other owners (``owner``), what the owners have and grant is no difference of its own.

    Args:
        before: The object in the catalogue of the backup.
        after: The object in the catalogue of the database that is compared with it.
        majors: Major versions of the servers of the two; before 17 there is no MAINTAIN, which 17 adds to GRANT ALL.
    """
    old = _by_privilege(before.get("acl", ()), {before.get("owner"): after.get("owner")})
    new = _by_privilege(after.get("acl", ()), {})
    if majors[0] < _MAINTAIN_MAJOR <= majors[1]:
        with_all = {
            grantee for grantee, _ in old if {name for role, name in old if role == grantee} >= _ALL_BEFORE
        }
        new = {key: grants for key, grants in new.items() if key[1] != _MAINTAIN or key[0] not in with_all}
    elif majors[1] < _MAINTAIN_MAJOR <= majors[0]:
        old = {key: grants for key, grants in old.items() if key[1] != _MAINTAIN}
    for grantee, privilege in sorted({*old, *new}):
        grants, granted = old.get((grantee, privilege)), new.get((grantee, privilege))
        if granted is None:
            yield f"{grantee} lacks {privilege}"
        elif grants is None:
            option = " with grant option" if any(granted.values()) else ""
            yield f"{grantee} has {privilege}{option}, which the backup does not grant"
        elif set(grants) != set(granted):
            yield f"{grantee} has {privilege} from {_names(granted)} instead of {_names(grants)}"
        elif grants != granted:
            yield f"{grantee} has {privilege} {_option(granted)} instead of {_option(grants)}"


def _by_privilege(
    acl: Sequence[Mapping[str, Any]], renamed: Mapping[str | None, str | None]
) -> dict[Privilege, dict[str, bool]]:
    """Return the grantors of each privilege, with whether it was granted with grant option; some roles renamed."""
    privileges: dict[Privilege, dict[str, bool]] = {}
    for grant in acl:
        grantee, grantor = (renamed.get(role) or role for role in (grant["grantee"], grant["grantor"]))
        privileges.setdefault((grantee, grant["privilege"]), {})[grantor] = grant["grantable"]
    return privileges


def _names(grantors: Mapping[str, bool]) -> str:
    return " and ".join(sorted(grantors))


def _option(grantors: Mapping[str, bool]) -> str:
    return "with grant option" if any(grantors.values()) else "without grant option"
