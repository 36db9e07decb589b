"""Withdrawing a delivery removes its lines, except those that another delivery has too."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.withdraw import withdraw
from tests.support.expected import Feed, assert_exactly
from tests.support.plain_run import new_run, run, state, take_out
from tests.support.slices import Line, invoices, write

FEED = Feed()
CONTENTS: dict[str, list[Line]] = {
    "a.csv": [*invoices()["536365"], *invoices()["900001"], *invoices()["900003"]],
    "b.csv": [*invoices()["900002"], *invoices()["536365"]],
    "c.csv": [*invoices()["536365"], *invoices()["536370"], *invoices()["900004"]],
}


def _contents(folder: Path, *names: str) -> dict[tuple[Feed, str], list[Line]]:
    return {(FEED, str(folder / name)): CONTENTS[name] for name in names}


async def _load(warehouse: ConnectionSettings, tmp_path: Path) -> Path:
    for name, lines in CONTENTS.items():
        write(tmp_path / "in" / name, lines)
    await run(warehouse, tmp_path / "workspace", [tmp_path / "in"])
    return tmp_path / "in"


async def _ledger(warehouse: ConnectionSettings) -> dict[str, tuple[int, int]]:
    async with connected(warehouse) as connection:
        rows = await connection.fetch("select name, rows_loaded, rows_duplicate from retail_ops.delivery")
    return {Path(row["name"]).name: (row["rows_loaded"], row["rows_duplicate"]) for row in rows}


async def test_a_dry_run_counts_and_changes_nothing(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    folder = await _load(warehouse, tmp_path)
    before = await state(warehouse)
    preview = await withdraw(warehouse, "default", str(folder / "a.csv"), new_run())
    shared, own = len(invoices()["536365"]), len(CONTENTS["a.csv"]) - len(invoices()["536365"])
    assert asdict(preview) == {
        "feed": "default",
        "name": str(folder / "a.csv"),
        "rows_in": shared + own,
        "lines": shared + own,
        "lines_deleted": own,
        "lines_passed_on": shared,
        "degraded_reasons": (),
    }
    assert await state(warehouse) == before
    await assert_exactly(warehouse, _contents(folder, "a.csv", "b.csv", "c.csv"))
    assert await take_out(warehouse, str(folder / "a.csv")) == preview


async def test_shared_lines_pass_on_from_delivery_to_delivery(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    folder = await _load(warehouse, tmp_path)
    shared = len(invoices()["536365"])
    assert await _ledger(warehouse) == {"a.csv": (15, 0), "b.csv": (4, shared), "c.csv": (24, shared)}

    await take_out(warehouse, str(folder / "a.csv"))
    await assert_exactly(warehouse, _contents(folder, "b.csv", "c.csv"))
    assert await _ledger(warehouse) == {"b.csv": (4 + shared, 0), "c.csv": (24, shared)}

    withdrawal = await take_out(warehouse, str(folder / "b.csv"))
    assert (withdrawal.lines_deleted, withdrawal.lines_passed_on) == (4, shared)
    await assert_exactly(warehouse, _contents(folder, "c.csv"))
    assert await _ledger(warehouse) == {"c.csv": (24 + shared, 0)}


async def test_a_withdrawn_delivery_can_be_loaded_again(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    folder = await _load(warehouse, tmp_path)
    before = await state(warehouse)
    await take_out(warehouse, str(folder / "a.csv"))
    outcome = await run(warehouse, tmp_path / "workspace", [folder])
    assert [(Path(delivery.name).name, delivery.outcome) for delivery in outcome.loaded] == [
        ("a.csv", "loaded")
    ]
    assert await state(warehouse) == before
    await assert_exactly(warehouse, _contents(folder, "a.csv", "b.csv", "c.csv"))


async def test_the_withdrawal_is_in_the_history(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    folder = await _load(warehouse, tmp_path)
    await take_out(warehouse, str(folder / "b.csv"))
    async with connected(warehouse) as connection:
        history = await connection.fetch(
            "select outcome, content_hash is not null from retail_ops.delivery_attempt "
            "where name = $1 order by attempt_id",
            str(folder / "b.csv"),
        )
    assert [tuple(row) for row in history] == [("loaded", True), ("withdrawn", True)]
