"""The view sale_line returns every delivered line with its type."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.expected import Feed, assert_exactly
from tests.support.plain_run import run
from tests.support.slices import Line, days, invoices, write

WHEN, UK = "2011-11-01 12:00:00", "United Kingdom"


async def test_every_line_as_normalised(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    lines = [*days(1, 2), *(line for of_invoice in invoices().values() for line in of_invoice)]
    path = write(tmp_path / "lines.csv", lines)
    await run(warehouse, tmp_path, [path], **Feed().parameters)
    await assert_exactly(warehouse, {(Feed(), str(path)): lines})


@pytest.mark.parametrize(
    ("invoice_no", "quantity", "price", "line_type"),
    [
        ("900100", "3", "2.55", "sale"),
        ("900100", "3", "0", "sale"),
        ("900100", "-3", "2.55", "sale"),
        ("900100", "-3", "0", "stock movement"),
        ("C900100", "-3", "2.55", "cancellation"),
        ("c900100", "-3", "0", "cancellation"),
        ("A900100", "1", "-11062.06", "adjustment"),
    ],
)
async def test_line_type(
    warehouse: ConnectionSettings, tmp_path: Path, invoice_no: str, quantity: str, price: str, line_type: str
) -> None:
    line: Line = (invoice_no, "22752", "nesting boxes", quantity, WHEN, price, "17850", UK)
    await run(warehouse, tmp_path, [write(tmp_path / "line.csv", [line])])
    async with connected(warehouse) as connection:
        assert [
            tuple(row)
            for row in await connection.fetch("select invoice_no, line_type from retail_dwh.sale_line")
        ] == [(invoice_no.upper(), line_type)]
