"""The doctor's findings by check."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.doctor.database import examine_database
from tasks.doctor.finding import Finding, Status
from tasks.postgres.connect import ConnectionSettings

OK, WARNING, PROBLEM, SKIPPED = Status.OK, Status.WARNING, Status.PROBLEM, Status.SKIPPED


async def examine_warehouse(
    settings: ConnectionSettings | None, analyst_roles: Sequence[str] = ()
) -> dict[str, Finding]:
    """The findings on the database, by check; the most severe one if there are several."""
    return by_check((await examine_database(settings, analyst_roles)).findings)


def by_check(findings: Sequence[Finding]) -> dict[str, Finding]:
    order = [SKIPPED, OK, WARNING, PROBLEM]
    return {
        finding.check: finding
        for finding in sorted(findings, key=lambda finding: order.index(finding.status))
    }


def checks_with(status: Status, findings: dict[str, Finding]) -> set[str]:
    return {check for check, finding in findings.items() if finding.status is status}
