"""The figures of a day's run start no parallel workers, which take longer to start than the figures take."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.finish import finish_query
from tests.support.plain_run import run

_HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
_LINES = 40_000


@pytest.mark.parametrize(("rows_loaded", "starts"), [(_LINES // 20, False), (_LINES, True)])
async def test_workers_start_only_to_sum_revenue(
    warehouse: ConnectionSettings, tmp_path: Path, rows_loaded: int, starts: bool
) -> None:
    lines = (
        f"{500_000 + n},A{n},MUG,1,2010-12-01 08:26:00,2.55,{10_000 + n},France\n" for n in range(_LINES)
    )
    file = tmp_path / "a.csv"
    file.write_text(_HEADER + "".join(lines))
    await run(warehouse, tmp_path / "workspace", [file])
    async with connected(warehouse) as connection:
        # As if all tables were as large as those that are worth a worker.
        await connection.execute(
            "set min_parallel_table_scan_size = 0; set min_parallel_index_scan_size = 0; set parallel_setup_cost = 100"
        )
        plan = await connection.fetchval(f"explain (analyze, format json) {finish_query(rows_loaded)}")
    launched = [part.split(",")[0] for part in plan.split('"Workers Launched": ')[1:]]
    assert any(number != "0" for number in launched) is starts, plan
