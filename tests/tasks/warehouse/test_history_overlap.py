"""The same lines give the same warehouse, however they are split into deliveries, in any order."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.ingest.discover import BATCH_BYTES
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.embedded.server import EmbeddedServer
from tests.conftest import open_folder
from tests.support.plain_run import assert_accounted, run, state
from tests.support.slices import days, fresh_warehouse, invoices, write
from tests.support.soak import count, size

NUMBERS = tuple(invoices())


async def test_days_1_to_3_and_2_to_4_are_days_1_to_4(
    server: EmbeddedServer, template: str, warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    first = write(tmp_path / "days-1-3.csv", days(1, 3))
    second = write(tmp_path / "days-2-4.csv", days(2, 4))
    whole = write(tmp_path / "days-1-4.csv", days(1, 4))
    await run(warehouse, tmp_path / "workspace", [second])
    outcome = await run(warehouse, tmp_path / "workspace", [first])
    assert outcome.of("days-1-3.csv").rows_duplicate == len(days(2, 3))
    await assert_accounted(warehouse)
    async with fresh_warehouse(server, template) as clean:
        await run(clean, tmp_path / "workspace", [whole])
        assert await state(warehouse) == await state(clean)
        assert (await state(clean)).lines == len(days(1, 4))


async def test_one_parquet_file_and_then_its_days_change_no_figure(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    await run(warehouse, tmp_path / "workspace", [write(tmp_path / "all.parquet", days(1, 4))])
    before = await state(warehouse)
    for day in range(1, 5):
        write(tmp_path / "daily" / f"{day}.csv", days(day, day))
    outcome = await run(warehouse, tmp_path / "workspace", [tmp_path / "daily"])
    assert await state(warehouse) == before
    assert sum(delivery.rows_duplicate for delivery in outcome.loaded) == before.lines
    assert sum(delivery.rows_loaded for delivery in outcome.loaded) == 0
    await assert_accounted(warehouse)


@pytest.mark.slow
@settings(max_examples=size(10, soak=40))
@given(
    covers=st.lists(
        st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=8, unique=True), min_size=2, max_size=5
    ),
    one_batch=st.booleans(),
    finished=st.booleans(),
)
async def test_any_cut_at_invoice_borders_is_one_file(
    server: EmbeddedServer, template: str, covers: list[list[str]], one_batch: bool, finished: bool
) -> None:
    count("divisions into files")
    folder = open_folder("cuts-")
    for place, numbers in enumerate(covers):
        write(folder / "cut" / f"{place}.csv", [line for number in numbers for line in invoices()[number]])
    all_numbers = sorted({number for numbers in covers for number in numbers})
    single_file = write(folder / "one.csv", [line for number in all_numbers for line in invoices()[number]])
    async with fresh_warehouse(server, template) as cut, fresh_warehouse(server, template) as clean:
        await run(
            cut,
            folder,
            [folder / "cut"],
            batch_bytes=BATCH_BYTES if one_batch else 1,
            finished=finished,
        )
        await assert_accounted(cut)
        await run(clean, folder, [single_file], finished=False)
        assert await state(cut) == await state(clean)
