"""A delivery that is not there cannot be withdrawn; the error names those that may be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import DeliveryMissing
from tasks.postgres.connect import ConnectionSettings
from tests.support.plain_run import run, state, take_out
from tests.support.slices import invoices, write


@pytest.mark.parametrize(
    "asked", ["2010-12-01.csv", "2010-12-01", "elsewhere/2010-12-01.csv", "2010-21-01.csv"]
)
async def test_it_names_similar_ones(warehouse: ConnectionSettings, tmp_path: Path, asked: str) -> None:
    path = write(tmp_path / "2010-12-01.csv", invoices()["536365"])
    await run(warehouse, tmp_path / "workspace", [path])
    before = await state(warehouse)
    with pytest.raises(DeliveryMissing, match=f"Did you mean {path} \\(feed default\\)") as raised:
        await take_out(warehouse, asked)
    assert raised.value.delivery == asked
    assert await state(warehouse) == before


async def test_it_names_the_feed_that_has_it(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    path = write(tmp_path / "day.csv", invoices()["536365"])
    await run(warehouse, tmp_path / "workspace", [path], feed="boston")
    with pytest.raises(DeliveryMissing, match=f"Did you mean {path} \\(feed boston\\)"):
        await take_out(warehouse, str(path))


async def test_it_tells_where_names_are_if_none_is_like_it(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    await run(warehouse, tmp_path / "workspace", [write(tmp_path / "day.csv", invoices()["536365"])])
    with pytest.raises(DeliveryMissing, match=r"retail sql 'select feed, name from retail_ops\.delivery'"):
        await take_out(warehouse, "quite_another_%")
