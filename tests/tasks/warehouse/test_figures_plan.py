"""The figures of a run that loaded little start no parallel workers to sum revenue; those of one that loaded much may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.warehouse_figures import figures_query
from tests.support.plain_run import run
from tests.support.slices import days, write


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


@pytest.mark.parametrize(("rows_loaded", "starts"), [(0, False), (1_000_000, True)])
async def test_workers_start_only_to_sum_revenue(
    warehouse: ConnectionSettings, tmp_path: Path, rows_loaded: int, starts: bool
) -> None:
    await run(warehouse, tmp_path, [write(tmp_path / "day.csv", days(1, 1))])
    async with connected(warehouse) as connection:
        await connection.execute(
            "set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0"
        )
        query = f"explain (analyze, format json) {figures_query(rows_loaded)}"
        plan = json.loads(await connection.fetchval(query))[0]["Plan"]
    launched = [
        node.get("Workers Launched", 0)
        for node in _nodes(plan)
        if "Workers Planned" in node
        and any(below.get("Relation Name") == "fact_sale" for below in _nodes(node))
    ]
    assert launched  # a parallel plan, else there is nothing to see
    assert any(launched) is starts
