"""Withdrawing its last delivery removes all lines of a feed, and its settings can change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.errors import FeedConflict
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tests.support.expected import Feed, assert_exactly
from tests.support.plain_run import run, state, take_out
from tests.support.slices import fresh_warehouse, invoices, with_values, write
from tests.support.slow import slow_but

LINES = [*invoices()["536365"], *invoices()["900003"]]
OTHERS: dict[str, Any] = {
    "timezone": "America/New_York",
    "currency": "USD",
    "identical_lines": "drop",
    "date_format": "eu",
}


async def test_the_warehouse_is_empty(
    server: EmbeddedServer, template: str, warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    for name in ("a.csv", "b.csv"):
        write(tmp_path / "in" / name, LINES)
    await run(warehouse, tmp_path / "workspace", [tmp_path / "in"])
    for name in ("a.csv", "b.csv"):
        await take_out(warehouse, str(tmp_path / "in" / name))
    await assert_exactly(warehouse, {})
    async with fresh_warehouse(server, template) as fresh:
        assert await state(warehouse) == await state(fresh)
    async with connected(warehouse) as connection:
        for table in ("delivery", "line_source", "quarantine"):
            assert await connection.fetchval(f"select count(*) from retail_ops.{table}") == 0, table


@pytest.mark.parametrize("setting", slow_but(["currency"], OTHERS))
async def test_settings_can_change_without_lines(
    warehouse: ConnectionSettings, tmp_path: Path, setting: str
) -> None:
    path = write(tmp_path / "day.csv", LINES)
    await run(warehouse, tmp_path / "workspace", [path], date_format="us")
    before = await state(warehouse)
    with pytest.raises(FeedConflict, match=f"first loaded with {setting} = ") as raised:
        await run(warehouse, tmp_path / "workspace", [path], **{setting: OTHERS[setting]})
    assert raised.value.attributes == {"feed": "default", "setting": setting}
    assert await state(warehouse) == before

    await take_out(warehouse, str(path))
    await run(warehouse, tmp_path / "workspace", [path], **{setting: OTHERS[setting]})
    assert (await state(warehouse)).lines == before.lines
    if setting != "date_format":
        feed = Feed(**{"timezone": "Europe/London", setting: OTHERS[setting]})
        await assert_exactly(warehouse, {(feed, str(path)): LINES})


async def test_the_date_format_can_change_without_lines(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    american = write(tmp_path / "american.csv", [with_values(LINES[0], InvoiceDate="12/31/2010 8:26")])
    await run(warehouse, tmp_path / "workspace", [american], date_format="us")
    await take_out(warehouse, str(american))
    # With ISO dates only, the feed has no date format again, so a later run can set one.
    iso = write(tmp_path / "iso.csv", LINES)
    await run(warehouse, tmp_path / "workspace", [iso])
    european = write(tmp_path / "european.csv", [with_values(LINES[1], InvoiceDate="31/12/2010 8:26")])
    outcome = await run(warehouse, tmp_path / "workspace", [european], date_format="eu")
    assert outcome.of("european.csv").rows_loaded == 1
