"""``retail integrity`` shows what the checks found, and fails for errors only."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tests.flows.conftest import Retail
from tests.support.plain_run import run
from tests.support.slices import days, write


def _load(warehouse: ConnectionSettings, folder: Path) -> None:
    source = write(folder / "day.csv", days(1, 2))
    asyncio.run(run(warehouse, folder / "workspace", [source]))


def _execute(warehouse: ConnectionSettings, statement: str) -> None:
    async def execute() -> None:
        async with connected(warehouse) as connection:
            await connection.execute(statement)

    asyncio.run(execute())


def test_warnings_pass_and_errors_fail(retail: Retail, warehouse: ConnectionSettings, tmp_path: Path) -> None:
    _load(warehouse, tmp_path)
    passed = retail("integrity", "--json")
    assert passed.code == 0, passed.err
    assert passed.report["passed"]
    assert passed.report["stored"]
    assert passed.report["counts"]["error"] == 0

    _execute(warehouse, "update retail_dwh.fact_sale set total_amount = total_amount + 1 where line_no = 7")
    failed = retail("integrity")
    assert failed.code == 1
    assert "wrong_amounts" in failed.out
    assert f"delivery={tmp_path}/day.csv  line_no=7" in failed.out
    assert "f.unit_price is distinct from round(f.total_amount / nullif(f.quantity, 0), 4);" in failed.out

    one = retail("integrity", "--check", "ledger_differences", "--json")
    assert one.code == 0
    assert [check["name"] for check in one.report["checks"]] == ["ledger_differences"]
    assert not one.report["stored"]


def test_a_check_of_the_user(retail: Retail, warehouse: ConnectionSettings, tmp_path: Path) -> None:
    folder = tmp_path / "checks"
    folder.mkdir(mode=0o700)
    (folder / "no_countries.sql").write_text(
        "-- severity: error\n-- finds: an empty dimension\n"
        "select 'dim_country' as name where not exists (select from retail_dwh.dim_country)"
    )
    ended = retail("integrity", "--json", RETAIL_INTEGRITY_CHECKS=str(folder))
    assert ended.code == 1, ended.err
    (check,) = (check for check in ended.report["checks"] if check["name"] == "no_countries")
    assert (check["status"], check["samples"]) == ("error", [{"name": "dim_country"}])


def test_usage(retail: Retail, tmp_path: Path) -> None:
    unknown = retail("integrity", "--check", "orphan_socks", "--json")
    assert unknown.code == 2
    assert unknown.report["error_type"] == "SettingsError"
