"""``retail withdraw`` shows what would go, and does it only when the database is named."""

import json
from pathlib import Path

from blocks import SupabaseWarehouse
from tasks.postgres.connect import ConnectionSettings, connected
from tests.flows.conftest import Retail
from tests.support.plain_run import run, state
from tests.support.prefect_server import PrefectServer


async def test_withdraw(retail: Retail, warehouse: ConnectionSettings, days: Path, tmp_path: Path) -> None:
    path = days / "2010-12-05.csv"
    await run(warehouse, tmp_path, [path])
    before = await state(warehouse)

    shown = retail("withdraw", str(path))
    assert shown.code == 0, shown.err
    assert f"--confirm {warehouse.database}" in shown.out
    assert f"{before.lines:,} lines deleted" in shown.out
    assert await state(warehouse) == before

    refused = retail("withdraw", str(path), "--confirm", "another", "--json")
    assert (refused.code, refused.report["error_type"]) == (2, "SettingsError")
    assert await state(warehouse) == before

    unknown = retail("withdraw", str(tmp_path / "2010-12-05.csv"))
    assert unknown.code == 1
    assert str(path) in unknown.err
    recorded = await _runs(warehouse)
    assert retail("withdraw", "unknown.csv", "--confirm", warehouse.database).code == 1
    assert await _runs(warehouse) == recorded

    done = retail("withdraw", str(path), "--confirm", warehouse.database, "--json")
    assert done.code == 0, done.err
    result = json.loads(done.out.splitlines()[-1])
    assert result["done"]
    assert result["lines_deleted"] == before.lines
    assert (await state(warehouse)).lines == 0


async def test_withdraw_from_the_warehouse_of_a_block(
    retail: Retail, prefect_api: PrefectServer, warehouse: ConnectionSettings, days: Path, tmp_path: Path
) -> None:
    path = days / "2010-12-05.csv"
    await run(warehouse, tmp_path, [path])
    block = SupabaseWarehouse(
        host=warehouse.host, port=warehouse.port, user=warehouse.user, database=warehouse.database
    )
    await block.asave("withdrawn-from")
    ended = retail(
        "withdraw",
        str(path),
        "--warehouse",
        "withdrawn-from",
        "--confirm",
        warehouse.database,
        DATABASE_URL="postgresql://nobody@127.0.0.1:9/elsewhere",
    )
    assert ended.code == 0, ended.err
    assert (await state(warehouse)).lines == 0


async def _runs(warehouse: ConnectionSettings) -> int:
    async with connected(warehouse) as connection:
        return int(await connection.fetchval("select count(*) from retail_ops.run"))
