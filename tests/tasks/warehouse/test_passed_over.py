"""Rows that are no lines are in the accounting of a delivery, and outside guards and shares of its lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.deliveries import list_deliveries
from tasks.warehouse.integrity.check import built_in_checks
from tasks.warehouse.integrity.examine import examine_integrity
from tests.support.plain_run import assert_accounted, run, take_out
from tests.support.till_export import Item, Receipt, mapping, write_export

MUG = Item("MUG", "", "Mug", 2, Decimal("1250.0000"))
_ROWS = ("rows_in", "rows_loaded", "rows_duplicate", "rows_quarantined", "rows_passed_over")


def _receipts(count: int, *, first: int = 1) -> list[Receipt]:
    start = datetime(2011, 5, 2, 9, 0)
    return [
        Receipt(1, number, start + timedelta(minutes=number), "17850", "France", (MUG,))
        for number in range(first, first + count)
    ]


async def _accounts(warehouse: ConnectionSettings) -> dict[str, tuple[list[int], dict[str, Any]]]:
    listed = await list_deliveries(warehouse)
    return {
        Path(row.name).name: ([getattr(row, name) for name in _ROWS], dict(row.passed_over))
        for row in listed.deliveries
    }


async def _wrong_accounts(warehouse: ConnectionSettings) -> int | None:
    checks = [check for check in built_in_checks() if check.name == "wrong_accounts"]
    report = await examine_integrity(warehouse, checks, store=False)
    return report.results[0].violations


async def test_rows_of_each_content_and_its_withdrawal(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    async def load(name: str, receipts: Sequence[Receipt]) -> None:
        await run(warehouse, tmp_path / "w", [write_export(tmp_path / name, receipts)], mapping=mapping())

    await load("a.csv", _receipts(3))
    assert await _accounts(warehouse) == {
        "a.csv": ([7, 3, 0, 0, 4], {"Kind = card": _rows(3), "footer": _rows(1)})
    }
    await load("a.csv", _receipts(4))
    await load("b.csv", _receipts(2, first=4))
    assert await _accounts(warehouse) == {
        "a.csv": ([9, 4, 0, 0, 5], {"Kind = card": _rows(4), "footer": _rows(1)}),
        "b.csv": ([5, 1, 1, 0, 3], {"Kind = card": _rows(2), "footer": _rows(1)}),
    }
    await take_out(warehouse, str(tmp_path / "a.csv"))
    await assert_accounted(warehouse)
    assert (await _accounts(warehouse))["b.csv"][0] == [5, 2, 0, 0, 3]
    assert await _wrong_accounts(warehouse) == 0

    async with connected(warehouse) as connection:
        attempts = await connection.fetch(
            "select outcome, rows_in, rows_passed_over, passed_over, notes from retail_ops.delivery_attempt "
            "where name like '%/a.csv' order by attempt_id"
        )
    assert [tuple(attempt)[:3] for attempt in attempts] == [
        ("loaded", 7, 4),
        ("replaced", 9, 5),
        ("withdrawn", None, 0),
    ]
    assert json.loads(attempts[0]["passed_over"])["Kind = card"] == _rows(3)
    assert attempts[0]["notes"] == ["4 rows are no lines by the mapping (Kind = card: 3, footer: 1)."]


def _rows(count: int) -> dict[str, Any]:
    return {"rows": count, "amounts": {}}


async def test_a_delivery_that_shrinks_under_its_payments(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    path = tmp_path / "till.csv"
    outcomes = []
    for count, payments in ((100, True), (90, False), (75, True)):
        write_export(path, _receipts(count), payments=payments)
        result = await run(warehouse, tmp_path / "w", [path], mapping=mapping())
        outcomes.append(result.loaded[0])
    assert [one.outcome for one in outcomes] == ["loaded", "replaced", "refused"]
    assert "it would have 75 lines, and it once had 100" in str(outcomes[-1].refusal)


async def test_bytes_of_another_feed_without_a_valid_line(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    path = write_export(tmp_path / "till.csv", [Receipt(1, 1, datetime(2031, 1, 1), "", "", (MUG,))])
    first = await run(warehouse, tmp_path / "w", [path], mapping=mapping())
    assert (first.loaded[0].rows_in, first.loaded[0].rows_quarantined) == (3, 1)
    second = await run(warehouse, tmp_path / "w", [path], feed="other", mapping=mapping())
    assert second.loaded[0].outcome == "loaded"
