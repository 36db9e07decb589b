"""The totals of all the real data, however it is delivered."""

from decimal import Decimal
from pathlib import Path

import pytest

from flows.demo import BUNDLED
from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.plain_run import assert_accounted, run, state

pytestmark = pytest.mark.slow


async def test_305_days_then_one_parquet_change_no_figure(
    warehouse: ConnectionSettings, tmp_path: Path, days: Path
) -> None:
    first = await run(warehouse, tmp_path, [days])
    assert sum(delivery.rows_loaded for delivery in first.loaded) == 541_909
    after_days = await state(warehouse)
    assert (after_days.lines, after_days.amount) == (541_909, Decimal("9747747.9340"))
    async with connected(warehouse) as connection:
        counts = [
            await connection.fetchval(f"select count(*) from retail_dwh.dim_{name}")
            for name in ("invoice", "product", "customer", "country")
        ]
        british = await connection.fetchval(
            "select sum(revenue) from retail_dwh.monthly_revenue_by_country where country = 'United Kingdom'"
        )
    assert counts == [25_900, 3_958, 4_372 + 1, 38]
    assert british == Decimal("8187806.3640")

    second = await run(warehouse, tmp_path, [BUNDLED])
    assert second.of(".parquet").rows_duplicate == 541_909
    assert await state(warehouse) == after_days
    await assert_accounted(warehouse)


async def test_identical_lines_dropped(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    outcome = await run(warehouse, tmp_path, [BUNDLED], identical_lines="drop")
    assert (outcome.loaded[0].rows_loaded, outcome.loaded[0].rows_duplicate) == (536_641, 5_268)
    assert (await state(warehouse)).amount == Decimal("9726006.9540")
    async with connected(warehouse) as connection:
        british = await connection.fetchval(
            "select sum(total_amount) from retail_dwh.fact_sale join retail_dwh.dim_country using (country_key) "
            "where country = 'United Kingdom'"
        )
    assert british == Decimal("8167128.1840")
