"""The history of attempts: figures, scores and faulty lines of every content that a delivery had."""

from __future__ import annotations

from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.expected import Feed, assert_exactly
from tests.support.plain_run import run, take_out
from tests.support.slices import invoices, with_values, write

LINES = [*invoices()["536365"], *invoices()["536409"]]


def _with_faults(count: int, value: str = "0") -> list[tuple[str | None, ...]]:
    return [
        *LINES,
        *(with_values(LINES[0], Quantity=value, StockCode=f"X{number}") for number in range(count)),
    ]


async def test_a_replacement_keeps_the_history_of_the_earlier_content(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    path = tmp_path / "day.csv"
    for content in (_with_faults(2, "none"), LINES):
        write(path, content)
        await run(warehouse, tmp_path / "workspace", [path])
    await assert_exactly(warehouse, {(Feed(), str(path)): LINES})
    async with connected(warehouse) as connection:
        attempts = await connection.fetch(
            "select a.outcome, rows_in, rows_loaded, rows_duplicate, rows_quarantined, lines_withdrawn, "
            "contract_version is not null, count(s.*), sum(s.error_lines) from retail_ops.delivery_attempt a "
            "join retail_ops.quality_score s using (attempt_id) group by a.attempt_id order by a.attempt_id"
        )
        rejected = await connection.fetch(
            "select feed, delivery, line, rule, value, is_current, outcome from retail_ops.rejected_line order by line"
        )
    sound = len(LINES)
    assert [tuple(row) for row in attempts] == [
        ("loaded", sound + 2, sound, 0, 2, None, True, 5, 2),
        ("replaced", sound, sound, 0, 0, 0, True, 5, 0),
    ]
    assert [tuple(row) for row in rejected] == [
        ("default", str(path), sound + number, "quantity_readable", "none", False, "loaded")
        for number in (1, 2)
    ]


async def test_counts_of_an_attempt_with_further_sources(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    write(tmp_path / "in" / "a.csv", LINES)
    write(tmp_path / "in" / "b.csv", [*LINES, *invoices()["536366"]])
    await run(warehouse, tmp_path / "workspace", [tmp_path / "in"])
    async with connected(warehouse) as connection:
        rows = await connection.fetch(
            "select rows_loaded, rows_duplicate from retail_ops.delivery_attempt order by name"
        )
    assert [tuple(row) for row in rows] == [(len(LINES), 0), (2, len(LINES))]


async def test_a_replaced_content_keeps_a_thousand_lines(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    path = tmp_path / "day.csv"
    for content in (_with_faults(1005), _with_faults(3), _with_faults(1)):
        write(path, content)
        await run(warehouse, tmp_path / "workspace", [path])
    async with connected(warehouse) as connection:
        kept = await connection.fetch(
            "select a.rows_quarantined, count(q.*) from retail_ops.delivery_attempt a "
            "left join retail_ops.quarantine q using (attempt_id) group by a.attempt_id order by a.attempt_id"
        )
        first, last = await connection.fetchrow(
            "select min(line), max(line) from retail_ops.rejected_line where run = "
            "(select run_id from retail_ops.delivery_attempt order by attempt_id limit 1)"
        )
    assert [tuple(row) for row in kept] == [(1005, 1000), (3, 3), (1, 1)]
    assert (first, last) == (len(LINES) + 1, len(LINES) + 1000)


async def test_a_withdrawal_deletes_the_lines_of_all_attempts_and_keeps_the_scores(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    path, other = tmp_path / "day.csv", write(tmp_path / "other.csv", _with_faults(1, "x"))
    for content in (_with_faults(2), _with_faults(3)):
        write(path, content)
        await run(warehouse, tmp_path / "workspace", [path, other])
    await take_out(warehouse, str(path))
    async with connected(warehouse) as connection:
        assert await connection.fetchval("select count(*) from retail_ops.quality_score") == 3 * 5
        lines = await connection.fetch("select delivery, value from retail_ops.rejected_line")
    assert [tuple(row) for row in lines] == [(str(other), "x")]
