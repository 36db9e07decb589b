"""Lines without customer and country get the unknown members, alone or among other lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings
from tests.support.expected import Feed, assert_exactly
from tests.support.plain_run import run
from tests.support.slices import invoices, with_values, write

LINES = [with_values(line, CustomerID=None, Country=" ") for line in invoices()["536366"]]


@pytest.mark.parametrize("others", [(), ("536365", "536370")])
async def test_a_delivery_of_unknown_customers(
    warehouse: ConnectionSettings, tmp_path: Path, others: tuple[str, ...]
) -> None:
    lines = LINES + [line for number in others for line in invoices()[number]]
    path = write(tmp_path / "day.csv", lines)
    await run(warehouse, tmp_path / "workspace", [path])
    await assert_exactly(warehouse, {(Feed(), str(path)): lines})
