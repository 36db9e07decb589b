"""What decides the readings of a feed is settled once, kept, and the same whenever it is settled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.errors import FeedConflict
from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.deliveries import as_csv, row, write
from tests.support.plain_run import Outcome, run, state

HEADER = "InvoiceNo{0}StockCode{0}Description{0}Quantity{0}InvoiceDate{0}UnitPrice{0}CustomerID{0}Country\n"
THOUSANDS_DOT_QUANTITY = (
    HEADER.format(";")
    + "".join(f"D{n};A{n};Schraube;1.000;05.01.2026 10:00;3;10{n};Germany\n" for n in range(1, 41))
    + "D41;A1;Schraube;1.500;05.01.2026 10:00;0,12;101;Germany\n"
    + "D42;A1;Schraube;12;13.01.2026 10:00;2.000;101;Germany\n"
).replace("2026", "2025")
ONE_LINE_DECIDES = (
    HEADER.format(",")
    + "".join(
        f"E{n},P{n},Tea,1,{n % 12 + 1:02}/{3 if n % 2 else 2:02}/2025 09:{n:02},2.00,1{n:02},United Kingdom\n"
        for n in range(1, 41)
    )
    + "E99,P1,Test line,1,02/13/2025 09:00,1.00,999,United Kingdom\n"
)
DASHED_TWO_DIGIT_YEAR = HEADER.format(",") + "".join(
    f"Z{n},S1,Mug,1,{n}-01-25 08:26,2.55,17850,United Kingdom\n" for n in (10, 11, 12)
)


async def _facts(warehouse: ConnectionSettings, columns: str) -> list[Any]:
    async with connected(warehouse) as connection:
        facts = await connection.fetch(f"select {columns} from retail_dwh.sale_line order by 1")
    return [tuple(fact) for fact in facts]


async def _feed(warehouse: ConnectionSettings) -> tuple[str | None, str | None]:
    async with connected(warehouse) as connection:
        feed = await connection.fetchrow("select decimal, date_format from retail_ops.feed")
    return tuple(feed) if feed else (None, None)


async def _load(warehouse: ConnectionSettings, folder: Path, content: str, **asked: str) -> Outcome:
    path = write(folder / "day.csv", content)
    return await run(warehouse, folder / "workspace", [path], **asked)


async def test_thousands_with_dots(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    asked = await _load(warehouse, tmp_path, THOUSANDS_DOT_QUANTITY, date_format="eu")
    assert asked.loaded == ()
    assert "1.000 is 1 with --decimal . and 1000 with --decimal ," in asked.failed[0].message
    assert "by 1 of 42 numbers, such as 0,12" in asked.failed[0].message
    await _load(warehouse, tmp_path, THOUSANDS_DOT_QUANTITY, date_format="eu", decimal=",")
    assert await _facts(warehouse, "sum(quantity), sum(quantity * unit_price)") == [
        (40 * 1000 + 1500 + 12, 40 * 3000 + 180 + 24_000)
    ]
    assert await _feed(warehouse) == (",", "eu")


async def test_one_line_settles_nothing(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    asked = await _load(warehouse, tmp_path, ONE_LINE_DECIDES)
    assert asked.loaded == ()
    assert "date format us by 1 of 41 dates, such as 02/13/2025 09:00" in asked.failed[0].message
    assert await _feed(warehouse) == (None, None)


@pytest.mark.parametrize(
    ("date_format", "dates"),
    [("eu", ["2025-01-10", "2025-01-11", "2025-01-12"]), ("us", ["2025-10-01", "2025-11-01", "2025-12-01"])],
)
async def test_dashes_and_two_digit_years(
    warehouse: ConnectionSettings, tmp_path: Path, date_format: str, dates: list[str]
) -> None:
    assert (await _load(warehouse, tmp_path, DASHED_TWO_DIGIT_YEAR)).loaded == ()
    await _load(warehouse, tmp_path, DASHED_TWO_DIGIT_YEAR, date_format=date_format)
    assert await _facts(warehouse, "sold_at_local::date::text") == [(date,) for date in dates]


EARLY = [row(unit_price=price, invoice_no=f"1{n}") for n, price in enumerate(("2,55", "3,5", "4,25"))]
LATE = [row(unit_price=price, invoice_no=f"2{n}") for n, price in enumerate(("1.234", "2,55", "3,5", "4,5"))]


async def test_a_feed_is_settled_when_a_delivery_asks(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    early, late = write(tmp_path / "1.csv", as_csv(EARLY)), write(tmp_path / "2.csv", as_csv(LATE))
    await run(warehouse, tmp_path / "workspace", [early])
    assert await _feed(warehouse) == (None, None)
    await run(warehouse, tmp_path / "workspace", [late])
    assert await _feed(warehouse) == (",", None)
    assert ("20", 1234) in await _facts(warehouse, "invoice_no, unit_price")

    alone = write(
        tmp_path / "3.csv", as_csv([row(unit_price="1.234", invoice_no="3"), row(unit_price="2.55")])
    )
    outcome = await run(warehouse, tmp_path / "workspace", [early, late, alone])
    assert (len(outcome.unchanged), outcome.failed) == (2, ())
    assert (outcome.of("3.csv").rows_loaded, outcome.of("3.csv").rows_quarantined) == (1, 1)
    with pytest.raises(FeedConflict, match="first loaded with decimal = ,"):
        await run(warehouse, tmp_path / "workspace", [alone], decimal=".")


async def test_settled_early_and_late_give_the_same_warehouse(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    early, late = write(tmp_path / "1.csv", as_csv(EARLY)), write(tmp_path / "2.csv", as_csv(LATE))
    states = set()
    for runs in ([[early], [late]], [[late], [early]], [[early, late]]):
        async with connected(warehouse) as connection:
            await connection.execute(
                "truncate retail_ops.feed, retail_dwh.fact_sale, retail_ops.delivery cascade"
            )
        for sources in runs:
            await run(warehouse, tmp_path / "workspace", sources)
        states.add(await state(warehouse))
        assert await _feed(warehouse) == (",", None)
    assert len(states) == 1


async def test_a_batch_with_a_delivery_that_asks_in_vain_loads_the_others(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    write(tmp_path / "in" / "asks.csv", as_csv([row(quantity="1.000", unit_price="3")]))
    # One price is too little to settle anything, also for the delivery that loads.
    write(tmp_path / "in" / "other.csv", as_csv([row(unit_price="2,55")]))
    outcome = await run(warehouse, tmp_path / "workspace", [tmp_path / "in"])
    assert [Path(one.name).name for one in outcome.loaded] == ["other.csv"]
    assert [Path(error.delivery).name for error in outcome.failed] == ["asks.csv"]
    assert await _feed(warehouse) == (None, None)
