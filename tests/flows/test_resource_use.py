"""What a run used and cost, in its report, the ledger and ``retail status``."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tests.flows.conftest import Retail

_PRICES = {"RETAIL_PRICE_CPU_HOUR": "3600", "RETAIL_PRICE_GB_SENT": "0.5", "RETAIL_COST_CURRENCY": "EUR"}


async def test_a_day(retail: Retail, warehouse: ConnectionSettings, days: Path) -> None:
    day = days / "2010-12-05.csv"
    report = retail("etl", str(day), "--json", **_PRICES).report
    stages = {stage["stage"]: stage for stage in report["stages"]}
    assert set(stages) == {"prepare", "ingest", "validate", "load", "finish"}
    for name in ("ingest", "validate", "load"):
        assert 0 < stages[name]["cpu_seconds"] <= report["cpu_seconds"]
        assert stages[name]["rows"] == report["rows_in"]
    # The delivery itself, then bronze and silver, which are compressed.
    assert report["bytes_written"] > 10_000
    assert day.stat().st_size < report["bytes_read"] <= day.stat().st_size + report["bytes_written"]
    assert Decimal(report["cost"]["cpu"]) == pytest.approx(
        Decimal(report["cpu_seconds"]), rel=Decimal("1e-6")
    )
    sent = Decimal(report["network"]["bytes_sent"]) / 10**9 / 2
    assert Decimal(report["cost"]["traffic"]) == pytest.approx(sent, abs=Decimal("1e-9"))
    assert report["cost"]["currency"] == "EUR"
    async with connected(warehouse) as connection:
        (end,) = await connection.fetch("select * from retail_ops.run_end")
    # The row is written after the report, so that it has what that took as well.
    assert report["seconds"] <= end["seconds"] < report["seconds"] + 10
    assert report["cpu_seconds"] <= end["cpu_seconds"]
    assert end["turns"] >= report["network"]["turns"]
    assert end["peak_memory_bytes"] > 50_000_000
    assert (end["bytes_read"], end["bytes_written"]) == (report["bytes_read"], report["bytes_written"])
    assert end["cpu_cost"] == pytest.approx(Decimal(end["cpu_seconds"]), rel=Decimal("1e-6"))
    (run,) = retail("status", "--json").report["runs"]
    assert run["use"]["cpu_cost"] == f"{end['cpu_cost']:f}"
    assert run["use"]["turns"] == end["turns"]
    assert [stage["stage"] for stage in run["use"]["stages"]] == [
        stage["stage"] for stage in report["stages"]
    ]
    assert json.loads(Path(report["report_path"]).read_text())["cost"] == report["cost"]


@pytest.mark.slow
async def test_runs_that_fail_or_find_nothing_new(
    retail: Retail, warehouse: ConnectionSettings, days: Path
) -> None:
    day = str(days / "2010-12-05.csv")
    assert retail("etl", day, "--currency", "EUR").code == 0
    assert retail("etl", day, "--currency", "GBP").code == 2
    nothing_new = retail("etl", day, "--json").report
    assert nothing_new["cost"] == {}
    assert nothing_new["bytes_written"] == 0
    async with connected(warehouse) as connection:
        ends = await connection.fetch("select * from retail_ops.run_end order by ended_at")
    assert [end["status"] for end in ends] == ["completed", "failed", "completed"]
    # It failed before there was a report.
    assert ends[1]["cpu_seconds"] > 0
    assert ends[1]["turns"] > 1
    assert json.loads(ends[1]["stages"])[0][0] == "prepare"
    assert {end["currency"] for end in ends} == {None}
