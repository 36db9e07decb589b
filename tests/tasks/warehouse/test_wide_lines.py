"""Lines whose numbers do not fit the packed form are loaded like others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings
from tests.support.expected import assert_exactly
from tests.support.plain_run import run
from tests.support.scenario import FEED
from tests.support.slices import invoices, with_values, write


@pytest.mark.parametrize("quantity", ["262143", "262144", "-262145", "2147483647"])
async def test_a_large_quantity(warehouse: ConnectionSettings, tmp_path: Path, quantity: str) -> None:
    first, *others = invoices()["536365"]
    lines = [with_values(first, quantity=quantity), *others]
    path = tmp_path / "large.csv"
    write(path, lines)
    await run(warehouse, tmp_path, [path])
    await assert_exactly(warehouse, {(FEED, str(path)): lines})


async def test_lines_of_a_receipt_far_apart(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    first, *others = invoices()["536365"]
    between = [with_values(line, invoice_no=f"9{number:05}") for number, line in enumerate(others * 1500)]
    lines = [first, *between, *others]
    assert len(between) > 8192
    path = tmp_path / "far.csv"
    write(path, lines)
    await run(warehouse, tmp_path, [path])
    await assert_exactly(warehouse, {(FEED, str(path)): lines})
