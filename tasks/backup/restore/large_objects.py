"""Owners of restored large objects.

The catalogue names the large objects with privileges of their own, and counts the others by owner: a database may hold
millions of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.backup.catalogue.identifiers import quoted
from tasks.backup.restore.grants import Grantors
from tasks.postgres.queries import inlined, sql


def large_object_owner_statements(
    expected: Mapping[str, Any], grantors: Grantors
) -> tuple[list[str], list[str]]:
    """Return the statements that give large objects to their owners.

    Args:
        expected: The catalogue of the backup.
        grantors: What the session may do; its role owns the restored large objects, and no others.

    Returns:
        The statements, in their order, and a sentence for each owner that stays without its large objects.
    """
    groups = list(expected.get("large_objects", {}).values())
    statements: list[str] = []
    remarks: list[str] = []
    for group in groups:
        if group["owner"] == grantors.role:
            continue
        if not grantors.may_act_as(group["owner"]):
            why = (
                "this session may not act as it" if group["owner"] in grantors.roles else "it does not exist"
            )
            remarks.append(
                f"The large objects of {group['owner']} ({group['count']:,}) stay with {grantors.role}: {why}."
            )
            continue
        statements += [
            f"ALTER LARGE OBJECT {int(number)} OWNER TO {quoted(group['owner'])}"
            for number in group.get("ids", ())
        ]
    unnamed = sorted({group["owner"] for group in groups if not group.get("ids")})
    if len(unnamed) > 1:
        remarks.append(
            f"Which large objects belong to each of {', '.join(unnamed)} is not in the backup: they belong to "
            f"{grantors.role}."
        )
    elif unnamed and unnamed[0] != grantors.role and grantors.may_act_as(unnamed[0]):
        named = [str(int(number)) for group in groups for number in group.get("ids", ())]
        statements.append(
            inlined(sql("alter_unnamed_large_object_owners", "tasks.backup"), unnamed[0], named)
        )
    return statements, remarks
