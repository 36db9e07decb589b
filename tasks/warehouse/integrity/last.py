"""The last stored results of the integrity checks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tasks.postgres.queries import compact_sql
from tasks.warehouse.integrity.check import built_in_checks
from tasks.warehouse.integrity.report import CheckResult, IntegrityReport


def last_integrity_query() -> str:
    """Return a query of the last stored results, with one JSON value; ``last_integrity`` reads its answer."""
    return compact_sql("select_last_integrity")


def last_integrity(answer: dict[str, Any]) -> IntegrityReport | None:
    """Return the report in an answer to ``last_integrity_query``; None if nothing was ever stored.

    What a check finds, and its statement, are those of this release; they are empty for custom checks.
    """
    if not answer["examined_at"]:
        return None
    known = {check.name: check for check in built_in_checks()}
    results = []
    for row in answer["results"]:
        check = known.get(row["check_name"])
        results.append(
            CheckResult(
                row["check_name"],
                row["severity"],
                check.finds if check else "",
                row["violations"],
                tuple(row["samples"]),
                check.query if check else "",
                row["error"] or "",
            )
        )
    return IntegrityReport(datetime.fromisoformat(answer["examined_at"]), tuple(results), stored=True)
