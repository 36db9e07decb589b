"""A run that read older content overwrites nothing that another run loaded, and revives nothing that was withdrawn."""

from __future__ import annotations

from pathlib import Path

from tasks.postgres.connect import ConnectionSettings
from tasks.warehouse.load.transaction import load
from tests.support.plain_run import assert_accounted, new_run, run, start_run, state, take_out
from tests.support.silvers import silver_of
from tests.support.slices import days, write


async def test_newer_content_of_another_run_stays(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    day = write(tmp_path / "day.csv", days(1, 1))
    other = write(tmp_path / "other.csv", days(2, 2))
    late = new_run()
    await start_run(warehouse, late)
    known = (await start_run(warehouse, late)).deliveries
    silver = silver_of([day, other], tmp_path / "late")

    write(day, days(1, 1)[:-1])
    await run(warehouse, tmp_path / "fast", [day])
    before = await state(warehouse)

    result = await load(warehouse, silver, silver.deliveries, late, known=known)
    overtaken, loaded = sorted(result.deliveries, key=lambda delivery: delivery.outcome)
    assert (overtaken.name, overtaken.outcome, loaded.outcome) == (str(day), "failed", "loaded")
    assert overtaken.error is not None
    assert "loaded with other content by another run while this run worked" in overtaken.error.what
    assert "Run again" in overtaken.error.next_step
    assert (await state(warehouse)).lines == before.lines + loaded.rows_loaded
    await assert_accounted(warehouse)


async def test_a_delivery_withdrawn_in_between_stays_withdrawn(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    day = write(tmp_path / "day.csv", days(1, 1))
    await run(warehouse, tmp_path, [day])
    late = new_run()
    await start_run(warehouse, late)
    known = (await start_run(warehouse, late)).deliveries
    write(day, days(1, 1)[:-1])
    silver = silver_of([day], tmp_path / "late")
    await take_out(warehouse, str(day))

    (overtaken,) = (await load(warehouse, silver, silver.deliveries, late, known=known)).deliveries
    assert overtaken.outcome == "failed"
    assert overtaken.error is not None
    assert overtaken.error.what.startswith("it was withdrawn while this run worked")
    assert (await state(warehouse)).lines == 0


async def test_what_this_run_loaded_itself_is_no_stale_read(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    """A retry after a COMMIT whose answer was lost."""
    silver = silver_of([write(tmp_path / "day.csv", days(1, 1))], tmp_path / "w")
    this = new_run()
    await start_run(warehouse, this)
    outcomes = [
        delivery.outcome
        for _ in range(2)
        for delivery in (await load(warehouse, silver, silver.deliveries, this, known={})).deliveries
    ]
    assert outcomes == ["loaded", "loaded"]
