"""After a replacement, line numbers, quarantine and scores belong to the new content."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.expected import Feed, assert_exactly
from tests.support.plain_run import run, state
from tests.support.slices import invoices, with_values, write

FEED = Feed()
LINES = [*invoices()["536365"], *invoices()["536409"]]


async def test_line_numbers_of_facts_and_further_sources_are_updated(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    owner = write(tmp_path / "in" / "a.csv", LINES)
    further = write(tmp_path / "in" / "b.csv", LINES)
    await run(warehouse, tmp_path / "workspace", [tmp_path / "in"])
    before = await state(warehouse)

    # 536409 has identical lines, whose copy numbers follow the order in the file.
    write(further, LINES[::-1])
    await run(warehouse, tmp_path / "workspace", [tmp_path / "in"])
    await assert_exactly(warehouse, {(FEED, str(owner)): LINES, (FEED, str(further)): LINES[::-1]})

    moved = [*invoices()["536366"], *LINES]
    write(owner, moved)
    await run(warehouse, tmp_path / "workspace", [tmp_path / "in"])
    await assert_exactly(warehouse, {(FEED, str(owner)): moved, (FEED, str(further)): LINES[::-1]})
    assert (await state(warehouse)).lines == before.lines + 2


async def test_quarantine_and_scores_are_those_of_the_new_content(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    path = tmp_path / "day.csv"
    broken = [
        with_values(line, Quantity="0") if place in {1, 5} else line for place, line in enumerate(LINES)
    ]
    scores: list[Decimal] = []
    validity: list[tuple[object, ...]] = []
    for content in (broken, LINES, broken):
        write(path, content)
        await run(warehouse, tmp_path / "workspace", [path])
        await assert_exactly(warehouse, {(FEED, str(path)): content})
        async with connected(warehouse) as connection:
            scores.append(await connection.fetchval("select quality_score from retail_ops.delivery"))
            row = await connection.fetchrow(
                "select error_lines, score from retail_ops.quality_score join retail_ops.delivery using (attempt_id) "
                "where dimension = 'validity'"
            )
            validity.append(tuple(row))
    assert scores[0] < scores[1]
    assert scores[2] == scores[0]
    assert [errors for errors, _ in validity] == [2, 0, 2]
    assert validity[1] == (0, Decimal("100.00"))
