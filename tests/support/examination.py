"""The doctor's findings by what they are about."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.doctor.database import examine_database
from tasks.doctor.finding import Finding, Status
from tasks.postgres.connect import ConnectionSettings

OK, WARNING, PROBLEM, SKIPPED = Status.OK, Status.WARNING, Status.PROBLEM, Status.SKIPPED


async def examine_warehouse(
    settings: ConnectionSettings | None, analyst_roles: Sequence[str] = ()
) -> dict[str, Finding]:
    """The database's findings; of several about one thing the gravest."""
    return by_check((await examine_database(settings, analyst_roles)).findings)


def by_check(findings: Sequence[Finding]) -> dict[str, Finding]:
    order = [SKIPPED, OK, WARNING, PROBLEM]
    return {one.check: one for one in sorted(findings, key=lambda one: order.index(one.status))}


def statuses(found: dict[str, Finding], status: Status) -> set[str]:
    return {name for name, one in found.items() if one.status is status}
