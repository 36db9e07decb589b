"""The integrity checks on all the real data: warnings with known figures, and no error."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings
from tasks.warehouse.integrity.check import built_in_checks
from tasks.warehouse.integrity.examine import examine_integrity
from tests.support.plain_run import run

pytestmark = pytest.mark.slow


async def test_all_days(warehouse: ConnectionSettings, tmp_path: Path, days: Path) -> None:
    await run(warehouse, tmp_path, [days])
    report = await examine_integrity(warehouse, built_in_checks())
    assert report.passed
    assert {result.name: result.violations for result in report.results if result.violations} == {
        "cancellations_without_sale": 1031,
        "days_without_sales": 69,
        "missing_descriptions": 1454,
        "zero_prices": 2515,
    }
