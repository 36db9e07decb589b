"""``retail withdraw`` shows what would go, and does it only when the database is named."""

import json
from pathlib import Path

from tasks.warehouse.connect import ConnectionSettings
from tests.flows.conftest import Retail
from tests.plain_run import run, state


async def test_withdraw(retail: Retail, warehouse: ConnectionSettings, days: Path, tmp_path: Path) -> None:
    path = days / "2010-12-05.csv"
    await run(warehouse, tmp_path, [path])
    before = await state(warehouse)

    shown = retail("withdraw", str(path))
    assert shown.code == 0, shown.err
    assert f"--confirm {warehouse.database}" in shown.out
    assert f"{before.lines:,} lines go" in shown.out
    assert await state(warehouse) == before

    assert retail("withdraw", str(path), "--confirm", "another").code == 2
    assert await state(warehouse) == before

    unknown = retail("withdraw", str(tmp_path / "2010-12-05.csv"))
    assert unknown.code == 1
    assert str(path) in unknown.err

    done = retail("withdraw", str(path), "--confirm", warehouse.database, "--json")
    assert done.code == 0, done.err
    result = json.loads(done.out.splitlines()[-1])
    assert result["done"]
    assert result["lines_deleted"] == before.lines
    assert (await state(warehouse)).lines == 0
