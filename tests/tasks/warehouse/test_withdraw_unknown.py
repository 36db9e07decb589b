"""Withdrawing an unknown delivery fails, and the error suggests similar names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import DeliveryMissing
from tasks.postgres.connect import ConnectionSettings
from tests.support.plain_run import run, state, take_out
from tests.support.slices import invoices, write


@pytest.mark.parametrize(
    "name", ["2010-12-01.csv", "2010-12-01", "elsewhere/2010-12-01.csv", "2010-21-01.csv"]
)
async def test_the_error_suggests_similar_names(
    warehouse: ConnectionSettings, tmp_path: Path, name: str
) -> None:
    path = write(tmp_path / "2010-12-01.csv", invoices()["536365"])
    await run(warehouse, tmp_path / "workspace", [path])
    before = await state(warehouse)
    with pytest.raises(DeliveryMissing, match=f"Did you mean {path} \\(feed default\\)") as raised:
        await take_out(warehouse, name)
    assert raised.value.delivery == name
    assert await state(warehouse) == before


async def test_the_error_names_the_feed_of_the_delivery(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    path = write(tmp_path / "day.csv", invoices()["536365"])
    await run(warehouse, tmp_path / "workspace", [path], feed="boston")
    with pytest.raises(DeliveryMissing, match=f"Did you mean {path} \\(feed boston\\)"):
        await take_out(warehouse, str(path))


async def test_the_error_says_how_to_list_names(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    await run(warehouse, tmp_path / "workspace", [write(tmp_path / "day.csv", invoices()["536365"])])
    with pytest.raises(DeliveryMissing, match=r"retail sql 'select feed, name from retail_ops\.delivery'"):
        await take_out(warehouse, "quite_another_%")
