"""A delivery is identified by its feed and full name, not by its file name or content."""

from __future__ import annotations

from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.expected import Feed, assert_exactly
from tests.support.plain_run import run, state, take_out
from tests.support.slices import invoices, with_values, write

MORNING = [*invoices()["536365"], *invoices()["536446"]]
EVENING = [*invoices()["536366"], *invoices()["536446"]]


async def test_equal_file_names_in_two_folders_do_not_replace_each_other(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    north = write(tmp_path / "north" / "day.csv", MORNING)
    south = write(tmp_path / "south" / "day.csv", EVENING)
    outcome = await run(warehouse, tmp_path / "workspace", [tmp_path / "north", tmp_path / "south"])
    assert [delivery.outcome for delivery in outcome.loaded] == ["loaded", "loaded"]
    await assert_exactly(warehouse, {(Feed(), str(north)): MORNING, (Feed(), str(south)): EVENING})


async def test_the_same_content_under_another_name_is_a_further_source(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    first = write(tmp_path / "day.csv", MORNING)
    await run(warehouse, tmp_path / "workspace", [first])
    before = await state(warehouse)
    copy = write(tmp_path / "copy of day.csv", MORNING)
    outcome = await run(warehouse, tmp_path / "workspace", [copy])
    assert (outcome.loaded[0].outcome, outcome.loaded[0].rows_duplicate) == ("loaded", len(MORNING))
    assert await state(warehouse) == before

    await take_out(warehouse, str(first))
    assert await state(warehouse) == before
    await assert_exactly(warehouse, {(Feed(), str(copy)): MORNING})


async def test_an_invoice_number_in_two_feeds_is_two_invoices(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    london, boston = Feed(), Feed("boston", "America/New_York", "USD")
    path = write(tmp_path / "day.csv", MORNING)
    for feed in (london, boston):
        await run(
            warehouse,
            tmp_path / "workspace",
            [path],
            feed=feed.name,
            accept_known_bytes=True,
            **feed.parameters,
        )
    async with connected(warehouse) as connection:
        numbers = await connection.fetch("select feed, invoice_no from retail_dwh.dim_invoice order by 1, 2")
        products = await connection.fetchval("select count(*) from retail_dwh.dim_product")
    assert [tuple(row) for row in numbers] == [
        ("boston", "536365"),
        ("boston", "536446"),
        ("default", "536365"),
        ("default", "536446"),
    ]
    assert products == len({str(line[1]).upper() for line in MORNING})
    await assert_exactly(warehouse, {(london, str(path)): MORNING, (boston, str(path)): MORNING})

    changed = [with_values(line, Description="sold in Boston") for line in MORNING]
    write(path, changed)
    await run(
        warehouse, tmp_path / "workspace", [path], feed="boston", replace_anyway=True, **boston.parameters
    )
    await assert_exactly(warehouse, {(london, str(path)): MORNING, (boston, str(path)): changed})
