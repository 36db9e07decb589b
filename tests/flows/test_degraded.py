"""A run whose primary key has to wait for a reader completes, is degraded, and the next run mends it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.primary_key import MISSING_KEY
from tests.flows.conftest import Retail

pytestmark = pytest.mark.slow


async def test_a_reader_in_the_way(retail: Retail, warehouse: ConnectionSettings, days: Path) -> None:
    day = str(days / "2010-12-05.csv")
    async with connected(replace(warehouse, lock_timeout=5)) as reader:
        async with reader.transaction():
            await reader.fetchval("select count(*) from retail_dwh.fact_sale")
            degraded = retail("etl", day, "--json", timeout=180)
        assert degraded.code == 0, degraded.err
        assert (degraded.report["status"], degraded.report["degraded"]) == ("completed", True)
        assert degraded.report["degraded_reasons"] == [MISSING_KEY]
        row = await reader.fetchrow("select status, degraded, degraded_reasons from retail_ops.run")
        assert tuple(row) == ("completed", True, [MISSING_KEY])
    again = retail("etl", day, "--json")
    assert (again.code, again.report["degraded"], again.report["degraded_reasons"]) == (0, False, [])
