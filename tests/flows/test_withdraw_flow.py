"""``retail_withdraw`` shows by default and withdraws when asked; the ledger knows how its run ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import retail_withdraw
from tasks.errors import DeliveryMissing, RetailError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.steps import withdraw_delivery
from tasks.warehouse.withdraw import withdraw
from tests.flows.conftest import as_url
from tests.support.plain_run import new_run, run, state
from tests.support.prefect_server import PrefectServer


@pytest.fixture
async def delivery(
    prefect_api: PrefectServer,
    warehouse: ConnectionSettings,
    days: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """A loaded delivery in the warehouse of the environment."""
    monkeypatch.setenv("DATABASE_URL", as_url(warehouse))
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path / "data"))
    path = str(days / "2010-12-05.csv")
    await run(warehouse, tmp_path, [path])
    return path


async def _runs(warehouse: ConnectionSettings) -> list[str]:
    async with connected(warehouse) as connection:
        rows = await connection.fetch(
            "select status from retail_ops.run where parameters ? 'withdraw' order by started_at"
        )
    return [row["status"] for row in rows]


async def test_dry_run_by_default(delivery: str, warehouse: ConnectionSettings) -> None:
    before = await state(warehouse)
    shown = await retail_withdraw(delivery)
    assert (shown.name, shown.lines_deleted) == (delivery, before.lines)
    assert await state(warehouse) == before
    assert await _runs(warehouse) == []


async def test_confirmed(delivery: str, warehouse: ConnectionSettings) -> None:
    before = await state(warehouse)
    done = await retail_withdraw(delivery, confirm=True)
    assert done.lines_deleted == before.lines
    assert (await state(warehouse)).lines == 0
    assert await _runs(warehouse) == ["completed"]
    with pytest.raises(DeliveryMissing):
        await retail_withdraw(delivery, confirm=True)
    assert await _runs(warehouse) == ["completed"]


async def test_an_error_in_the_middle_closes_the_run_as_failed(
    delivery: str, warehouse: ConnectionSettings
) -> None:
    before = await state(warehouse)
    async with connected(warehouse) as connection:
        await connection.execute(
            "create function public.refuse() returns trigger language plpgsql as "
            "$$ begin raise exception 'this delivery is under audit'; end $$"
        )
        await connection.execute(
            "create trigger refuse before delete on retail_ops.delivery for each row execute function public.refuse()"
        )
    with pytest.raises(RetailError, match="under audit"):
        await retail_withdraw(delivery, confirm=True)
    assert await _runs(warehouse) == ["failed"]
    assert await state(warehouse) == before


async def test_a_retry_after_the_commit_was_lost(delivery: str, warehouse: ConnectionSettings) -> None:
    this = new_run()
    preview = await withdraw(warehouse, "default", delivery, this)
    done = await withdraw_delivery.fn("first", warehouse, preview, this)
    assert await withdraw_delivery.fn("again", warehouse, preview, this) == done
    with pytest.raises(DeliveryMissing):
        await withdraw_delivery.fn("another run", warehouse, preview, new_run())
