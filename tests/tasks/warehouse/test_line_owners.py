"""What facts, products and invoices show is a function of the lines that are there, whoever brought them first."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings
from tests.support.any_lines import AnyLine, Content, Details, assert_any_lines, load_lines
from tests.support.plain_run import take_out

FEED = "north"
TEA = AnyLine("1", "TEA")
BACK = AnyLine("1", "TEA", kind="return", quantity=Decimal(-1))


def told(line: AnyLine, note: str) -> AnyLine:
    """The line with an attribute."""
    return replace(line, details=Details(attributes=f'{{"Note": "{note}"}}'))


async def _play(warehouse: ConnectionSettings, folder: Path, *loads: dict[str, Content]) -> None:
    """Load one after the other; each time the warehouse has to be what its deliveries make it."""
    contents: dict[tuple[str, str], Content] = {}
    for each in loads:
        await load_lines(warehouse, folder, FEED, each)
        contents |= {(FEED, name): lines for name, lines in each.items()}
        await assert_any_lines(warehouse, contents)


@pytest.mark.parametrize("notes", ["az", "za"])
async def test_the_delivery_with_the_greatest_details_owns_the_line(
    warehouse: ConnectionSettings, tmp_path: Path, notes: str
) -> None:
    first, second = ((told(TEA, note), BACK) for note in notes)
    await _play(warehouse, tmp_path, {"first": first}, {"second": second}, {"third": (TEA, BACK)})
    await take_out(warehouse, "first" if notes == "za" else "second", FEED)
    left = {"third": (TEA, BACK)} | ({"second": second} if notes == "za" else {"first": first})
    await assert_any_lines(warehouse, {(FEED, name): lines for name, lines in left.items()})


async def test_of_one_load_the_greatest_owns_it_too(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    await _play(warehouse, tmp_path, {"a": (told(TEA, "a"),), "b": (told(TEA, "b"),), "c": (TEA,)})


async def test_a_replacement_that_says_less_gives_the_line_up(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    first, second = {"first": (told(TEA, "z"), BACK)}, {"second": (told(TEA, "a"), BACK)}
    await _play(warehouse, tmp_path, first, second, {"first": (TEA, BACK)}, first)


async def test_a_further_source_that_says_more_takes_the_line_over(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    first, second = {"first": (told(TEA, "m"), BACK)}, {"second": (told(TEA, "a"), BACK)}
    await _play(warehouse, tmp_path, first, second, {"second": (BACK, told(TEA, "z"))})


async def test_an_invoice_is_a_cancellation_while_all_its_lines_are_returns(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    await _play(
        warehouse,
        tmp_path,
        {"back": (BACK,)},
        {"sold": (TEA,)},
        {"sold": (AnyLine("2", "TEA"),)},
        {"sold": (TEA,)},
    )
    await take_out(warehouse, "sold", FEED)
    await assert_any_lines(warehouse, {(FEED, "back"): (BACK,)})


async def test_a_product_is_merchandise_while_a_line_of_it_is(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    post = AnyLine("1", "POST")
    for feed in ("north", "south"):
        await load_lines(warehouse, tmp_path, feed, {"day": (post,)})
        known = {(name, "day"): (post,) for name in ("north", "south")[: 1 + (feed == "south")]}
        await assert_any_lines(warehouse, known)
    await take_out(warehouse, "day", "south")
    await assert_any_lines(warehouse, {("north", "day"): (post,)})
