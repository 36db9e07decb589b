"""A feed whose first lines were loaded without currency, store and line number lets these columns count when asked to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import FeedConflict
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tasks.ingest.mapping.content import kept_text, reading_settings
from tasks.ingest.mapping.load import load_mapping
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.validate.settings import ValidationSettings
from tasks.validate.silver import validate
from tasks.warehouse.feed_settings import Taken
from tasks.warehouse.load.transaction import load
from tasks.warehouse.migrate import migrate
from tests.support import till_columns
from tests.support.plain_run import AS_OF, Outcome, assert_accounted, new_run, run, start_run, state
from tests.support.till_export import TOML, Item, Receipt, write_export

FEED = till_columns.FEED
LINES = "select invoice_no, stock_code, currency, store, total_amount::text from retail_dwh.sale_line order by 1, 2, 3, 4"
AS_PASSED_OVER = [
    ("900001", "S1", "GBP", None, "8.0000"),
    ("900001", "S1", "GBP", None, "8.0000"),
    ("900002", "POST", "GBP", None, "5.0000"),
    ("900002", "S2", "GBP", None, "9.9900"),
    ("900003", "S3", "GBP", None, "7.5000"),
    ("900005", "S3", "GBP", None, "35.0000"),
    ("C900004", "S1", "GBP", None, "-4.0000"),
]
AS_TOLD = [
    ("900001", "S1", "GBP", "Leeds", "8.0000"),
    ("900001", "S1", "GBP", "York", "8.0000"),
    ("900002", "POST", "EUR", "Leeds", "5.0000"),
    ("900002", "S2", "EUR", "Leeds", "9.9900"),
    ("900003", "S3", "GBP", None, "7.5000"),
    ("900005", "S3", "GBP", "York", "35.0000"),
    ("C900004", "S1", "GBP", "York", "-4.0000"),
]


async def _rows(warehouse: ConnectionSettings, query: str) -> list[tuple[Any, ...]]:
    async with connected(warehouse) as connection:
        return [tuple(row) for row in await connection.fetch(query)]


async def _settings(warehouse: ConnectionSettings) -> tuple[tuple[Any, ...], dict[str, str]]:
    """The columns that the feed passes over, and the reading settings of its deliveries."""
    ((*passed_over,),) = await _rows(
        warehouse, f"select currency_column, store_column from retail_ops.feed where feed = '{FEED}'"
    )
    deliveries = await _rows(warehouse, "select name, reading_settings from retail_ops.delivery")
    return tuple(passed_over), dict(deliveries)


async def _take(
    warehouse: ConnectionSettings, source: Path, *, root: Path | None = None, **options: Any
) -> Outcome:
    options = {"take_columns": True, "replace_anyway": True} | options
    return await run(
        warehouse, source.parent / "workspace", [source], feed=FEED, root=str(root or source), **options
    )


@pytest.mark.parametrize(
    ("load_older", "batch_bytes"),
    [(till_columns.load_tills, 1), (till_columns.load_tills_with_currencies, 1_000_000)],
)
async def test_deliveries_that_come_again_are_as_in_a_clean_load(
    empty: ConnectionSettings,
    warehouse: ConnectionSettings,
    tmp_path: Path,
    load_older: Callable[[ConnectionSettings], Awaitable[None]],
    batch_bytes: int,
) -> None:
    await load_older(empty)
    await migrate(empty)
    if load_older is till_columns.load_tills:
        assert await _rows(empty, LINES) == AS_PASSED_OVER
    tills = till_columns.write(tmp_path / "tills")
    outcome = await _take(empty, tills, batch_bytes=batch_bytes)
    assert {one.name: one.outcome for one in outcome.loaded} == dict.fromkeys(
        till_columns.DELIVERIES, "replaced"
    )
    assert await _rows(empty, LINES) == AS_TOLD
    assert await _settings(empty) == ((None, None), dict.fromkeys(till_columns.DELIVERIES, "{}"))
    await assert_accounted(empty)

    await run(warehouse, tmp_path / "workspace", [tills], feed=FEED, root=str(tills), customers="numbers")
    assert await state(empty) == await state(warehouse)
    # From now on it is a feed as any other.
    again = await _take(empty, tills, take_columns=False, replace_anyway=False)
    assert sorted(again.unchanged) == sorted(till_columns.DELIVERIES)
    assert await state(empty) == await state(warehouse)


async def test_a_delivery_that_does_not_come_again_stays_as_it_is(
    empty: ConnectionSettings, warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    await till_columns.load_tills(empty)
    await migrate(empty)
    tills = till_columns.write(tmp_path / "tills")
    await _take(empty, tills / "saturday.csv", root=tills)
    passed_over, deliveries = await _settings(empty)
    assert passed_over == (None, None)
    assert deliveries == {"saturday.csv": "{}", "sunday.csv": '{"columns":"passed over"}'}
    # What both delivered is there as each of them has it.
    assert sorted([*AS_TOLD[:5], *AS_PASSED_OVER[2:4], *AS_PASSED_OVER[5:]], key=str) == sorted(
        await _rows(empty, LINES), key=str
    )
    await assert_accounted(empty)
    known = await start_run(empty, new_run(), FEED)
    assert set(known.deliveries) == {"saturday.csv"}
    assert known.without_columns == {"sunday.csv"}

    # A run that does not ask any more brings the rest in.
    rest = await _take(empty, tills, take_columns=False)
    assert (rest.unchanged, rest.of("sunday.csv").outcome) == (("saturday.csv",), "replaced")
    assert await _rows(empty, LINES) == AS_TOLD
    assert (await start_run(empty, new_run(), FEED)).without_columns == frozenset()
    await run(warehouse, tmp_path / "workspace", [tills], feed=FEED, root=str(tills), customers="numbers")
    assert await state(empty) == await state(warehouse)


async def test_the_guard_asks_first(empty: ConnectionSettings, tmp_path: Path) -> None:
    await till_columns.load_tills(empty)
    await migrate(empty)
    before = await state(empty)
    tills = till_columns.write(tmp_path / "tills")
    outcome = await _take(empty, tills, replace_anyway=False)
    assert {one.outcome for one in outcome.loaded} == {"refused"}
    assert await state(empty) == before
    assert await _settings(empty) == (
        ("passed over", "passed over"),
        dict.fromkeys(till_columns.DELIVERIES, "{}"),
    )
    # Nothing was taken, so that a run without the wish finds them as they were.
    unchanged = await _take(empty, tills, take_columns=False)
    assert sorted(unchanged.unchanged) == sorted(till_columns.DELIVERIES)


async def test_a_feed_that_passes_no_columns_over_stays_as_it_is(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    tills = till_columns.write(tmp_path / "tills")
    options: dict[str, Any] = {"customers": "numbers", "replace_anyway": False}
    assert {one.outcome for one in (await _take(warehouse, tills, **options)).loaded} == {"loaded"}
    before, settings = await state(warehouse), await _settings(warehouse)
    assert settings == ((None, None), dict.fromkeys(till_columns.DELIVERIES, "{}"))
    assert sorted((await _take(warehouse, tills, **options)).unchanged) == sorted(till_columns.DELIVERIES)
    assert (await state(warehouse), await _settings(warehouse)) == (before, settings)
    assert (await start_run(warehouse, new_run(), FEED, Taken(columns=True))).without_columns == frozenset()


async def test_a_run_that_read_without_the_columns_meanwhile(
    empty: ConnectionSettings, tmp_path: Path
) -> None:
    await till_columns.load_tills(empty)
    await migrate(empty)
    tills = till_columns.write(tmp_path / "tills")
    this = new_run()
    known = await start_run(empty, this, FEED)
    assert known.settings is not None
    found = discover([str(till_columns.write(tmp_path / "later") / "sunday.csv")], None)
    ingested = ingest(found.deliveries, {}, tmp_path / "workspace", reading=known.settings.reading)
    assert ingested.bronze is not None
    silver = validate(ingested.bronze, ValidationSettings(known.settings, AS_OF), tmp_path / "workspace")
    await _take(empty, tills)
    before = await state(empty)
    with pytest.raises(FeedConflict, match="Another run has changed which columns count in feed tills"):
        await load(empty, silver, silver.deliveries, this)
    assert await state(empty) == before


async def test_two_runs_that_take_them_at_once(empty: ConnectionSettings, tmp_path: Path) -> None:
    await till_columns.load_tills(empty)
    await migrate(empty)
    folders = [till_columns.write(tmp_path / name) for name in ("one", "two")]
    outcomes = await asyncio.gather(*(_take(empty, folder) for folder in folders))
    assert sorted(one.outcome for outcome in outcomes for one in outcome.loaded) == [
        *["replaced"] * 2,
        *["unchanged"] * 2,
    ]
    assert await _rows(empty, LINES) == AS_TOLD
    await assert_accounted(empty)


async def test_a_mapped_feed(
    empty: ConnectionSettings, warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    """The mark of a delivery that has not come again keeps its mapping, and goes with the next content."""
    mapping = kept_text(load_mapping(TOML.replace("[line]\n", '[line]\nstore = "Till"\n')).content)
    tea = Item("TEA", "", "Tea", 1, Decimal("2.5000"))
    paths = [
        write_export(
            tmp_path / "tills" / f"{till}.csv",
            [Receipt(till, 7, datetime(2011, 5, 2, 9, 30), "17850", "France", (tea, tea))],
        )
        for till in (1, 2)
    ]
    await migrate(empty)
    for path in paths:
        await _take(
            empty, path, root=path.parent, mapping=mapping, store_column="passed over", take_columns=False
        )
    assert await _rows(empty, "select distinct store from retail_dwh.sale_line") == [(None,)]
    await _take(empty, paths[0], root=paths[0].parent)
    plain = reading_settings(mapping)
    _, deliveries = await _settings(empty)
    assert deliveries == {"1.csv": plain, "2.csv": '{"columns":"passed over",' + plain[1:]}
    assert json.loads(deliveries["2.csv"])["mapping"] == "till"
    await _take(empty, paths[1], root=paths[1].parent, take_columns=False)
    await run(warehouse, tmp_path / "workspace", paths, feed=FEED, root=str(paths[0].parent), mapping=mapping)
    assert await state(empty) == await state(warehouse)
    assert await _settings(empty) == await _settings(warehouse)
