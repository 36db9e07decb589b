"""Observations of the warehouse, stored over time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg

from tasks.errors import ReadOnlyWarehouse
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.errors import DRIVER_ERRORS, map_driver_error
from tasks.postgres.queries import compact_sql
from tasks.warehouse.health.finding import HealthFinding
from tasks.warehouse.integrity.report import CheckResult


async def store_observations(
    connection: asyncpg.Connection,
    settings: ConnectionSettings,
    examined_at: datetime,
    results: Sequence[CheckResult] = (),
    findings: Sequence[HealthFinding] = (),
    *,
    with_size: bool = False,
) -> bool:
    """Store what was observed, in one statement; return False for a database that is read-only.

    Args:
        connection: Connection without an open transaction.
        settings: The warehouse.
        examined_at: Time of the look.
        results: Results of the integrity checks.
        findings: Findings on health.
        with_size: Store the size of the database too.
    """
    rows = [
        {
            "check_name": result.name,
            "severity": result.severity,
            "violations": result.violations,
            "samples": result.samples,
            "error": result.error or None,
        }
        for result in results
    ]
    try:
        await connection.execute(
            compact_sql("insert_observations"),
            examined_at,
            json.dumps(rows),
            json.dumps(list(map(_row, findings))),
            with_size,
        )
    except DRIVER_ERRORS as error:
        if not isinstance(map_driver_error(error, settings.display), ReadOnlyWarehouse):
            raise
        return False
    return True


def _row(finding: HealthFinding) -> dict[str, Any]:
    is_text = isinstance(finding.value, str)
    return {
        "name": finding.name,
        "status": finding.status.value,
        "value": None if is_text else finding.value,
        "value_text": finding.value if is_text else None,
        "unit": finding.unit,
        "what": finding.what.replace("\0", ""),
    }
