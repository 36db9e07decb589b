"""A reading is settled by evidence that is neither thin nor contradictory; otherwise who needs it is asked."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.deliveries import row
from tests.support.lines import lines_of
from tests.support.reading_evidence import dated, priced, settle_deliveries

AMBIGUOUS = "1.234"
NEUTRAL = "3"


async def test_evidence_for_one_reading_settles_it_and_is_told(tmp_path: Path) -> None:
    run = await settle_deliveries(tmp_path, {"a.csv": priced(AMBIGUOUS, "2,55", "3,5", "4,00", NEUTRAL)})
    assert run.feed.decimal == ","
    assert run.notes == {"a.csv": ("decimal mark , by 3 of 4 numbers, such as 2,55",)}
    assert (run.quarantined, run.errors) == ({"a.csv": 0}, {})
    assert [silver.settings.feed.decimal for silver in run.silvers] == [","]


async def test_where_nothing_is_asked_nothing_is_settled(tmp_path: Path) -> None:
    run = await settle_deliveries(
        tmp_path, {"a.csv": priced("2,55", "4.00", "3,5"), "b.csv": dated("13/12/2010", "12/13/2010")}
    )
    assert (run.feed.decimal, run.feed.date_format, run.errors) == (None, None, {})
    assert run.quarantined == {"a.csv": 0, "b.csv": 0}


@pytest.mark.parametrize("one_batch", [True, False])
async def test_without_evidence_the_deliveries_that_ask_fail_and_the_others_pass(
    tmp_path: Path, one_batch: bool
) -> None:
    deliveries = {"a.csv": priced("1.000"), "b.csv": priced(NEUTRAL), "c.csv": dated("2/3/2010")}
    run = await settle_deliveries(tmp_path, deliveries, one_batch=one_batch)
    assert set(run.quarantined) == {"b.csv"}
    number, date = run.errors["a.csv"], run.errors["c.csv"]
    assert "1.000 is 1 with --decimal . and 1000 with --decimal , (its numbers fit both)." in number.message
    assert "Set --decimal (. or ,)" in number.message
    assert (
        "2/3/2010 is 2010-02-03 00:00:00 with --date-format us and 2010-03-02 00:00:00 with --date-format eu (its dates fit both)."
        in date.message
    )
    assert "Set --date-format (us or eu)" in date.message
    assert (run.feed.decimal, run.feed.date_format) == (None, None)


def _weighing(*quantities: str) -> list[tuple[str | None, ...]]:
    return [
        row(quantity=quantity, unit_price=NEUTRAL, stock_code=f"Q{number}")
        for number, quantity in enumerate(quantities)
    ]


async def test_quantities_are_evidence_as_prices_are(tmp_path: Path) -> None:
    run = await settle_deliveries(tmp_path, {"a.csv": _weighing("12,500", "0,355", "1,25", "2,0")})
    assert (run.feed.decimal, run.errors, run.quarantined) == (",", {}, {"a.csv": 0})
    assert run.notes == {"a.csv": ("decimal mark , by 3 of 4 numbers, such as 0,355",)}
    assert [lines_of(silver).get_column("quantity").to_list() for silver in run.silvers] == [
        [Decimal("12.5"), Decimal("0.355"), Decimal("1.25"), Decimal(2)]
    ]


@pytest.mark.parametrize("quantities", [("1.000", "2.000", "6.000"), ("12.500", "1.250", "3.750")])
async def test_three_decimals_prove_nothing_by_themselves(
    tmp_path: Path, quantities: tuple[str, ...]
) -> None:
    run = await settle_deliveries(tmp_path / "alone", {"a.csv": _weighing(*quantities)})
    assert (run.feed.decimal, set(run.errors)) == (None, {"a.csv"})
    rows = _weighing(*quantities) + priced("2,55", "3,99", "0,5")
    run = await settle_deliveries(tmp_path / "beside prices", {"a.csv": rows})
    assert (run.feed.decimal, run.quarantined) == (",", {"a.csv": 0})


async def test_quantities_with_a_zero_before_the_mark_need_no_setting(tmp_path: Path) -> None:
    run = await settle_deliveries(tmp_path, {"a.csv": _weighing("0.355", "0,355", ".5")})
    assert (run.feed.decimal, run.errors, run.quarantined) == (None, {}, {"a.csv": 0})


async def test_a_delivery_that_asks_for_two_settings_is_told_of_both(tmp_path: Path) -> None:
    run = await settle_deliveries(tmp_path, {"a.csv": [row(quantity="1.000", invoice_date="2/3/2010")]})
    assert "--decimal" in run.errors["a.csv"].message
    assert "--date-format" in run.errors["a.csv"].message


@pytest.mark.parametrize("one_batch", [True, False])
async def test_the_evidence_of_all_deliveries_counts(tmp_path: Path, one_batch: bool) -> None:
    deliveries = {
        "a.csv": priced(AMBIGUOUS),
        "b.csv": priced("2.55"),
        "c.csv": [row(quantity="6.0")],
        "d.csv": priced("0.500"),
    }
    run = await settle_deliveries(tmp_path, deliveries, one_batch=one_batch)
    assert (run.feed.decimal, run.errors) == (".", {})
    assert run.notes["a.csv"] == ("decimal mark . by 3 of 4 numbers, such as 2.55",)
    assert run.notes["b.csv"] == ()


@pytest.mark.parametrize(
    ("values", "settled"),
    [
        (("2.55", "2.5", "3.5"), "."),
        (("2.55", "2.55", "2.5500", "3.5"), None),
        (("2.5", "2.50", "2.5000", "2.50000", "3.5", "4.5"), "."),
    ],
)
async def test_it_takes_three_different_values(
    tmp_path: Path, values: tuple[str, ...], settled: str | None
) -> None:
    run = await settle_deliveries(tmp_path, {"a.csv": priced(AMBIGUOUS, *values)})
    assert run.feed.decimal == settled
    if settled is None:
        assert (
            "Too little decides: decimal mark . by 4 of 5 numbers, such as 2.55"
            in run.errors["a.csv"].message
        )


@pytest.mark.parametrize(("lines", "settled"), [(300, "."), (301, None)])
@pytest.mark.parametrize("one_file", [True, False])
async def test_it_takes_one_per_cent_of_the_lines(
    tmp_path: Path, lines: int, settled: str | None, one_file: bool
) -> None:
    asking = priced(*([AMBIGUOUS] * (lines - 3)))
    deciding = priced("2.55", "2.5", "3.5")
    deliveries = {"a.csv": asking + deciding} if one_file else {"a.csv": asking, "b.csv": deciding}
    run = await settle_deliveries(tmp_path, deliveries)
    assert run.feed.decimal == settled
    assert set(run.errors) == (set() if settled else {"a.csv"})


async def test_lines_of_deliveries_that_neither_ask_nor_decide_make_no_evidence_thin(tmp_path: Path) -> None:
    deliveries = {"a.csv": priced(AMBIGUOUS, "2.55", "2.5", "3.5"), "b.csv": priced(*([NEUTRAL] * 500))}
    assert (await settle_deliveries(tmp_path, deliveries)).feed.decimal == "."


@pytest.mark.parametrize("one_batch", [True, False])
async def test_evidence_for_both_readings_settles_neither(tmp_path: Path, one_batch: bool) -> None:
    deliveries = {
        "a.csv": priced(AMBIGUOUS, *(f"{number}.5" for number in range(300))),
        "b.csv": priced("2,55", "3"),
    }
    run = await settle_deliveries(tmp_path, deliveries, one_batch=one_batch)
    assert run.feed.decimal is None
    assert (
        "contradict each other: 0.5 is read only with . and 2,55 is read only with ,."
        in run.errors["a.csv"].message
    )
    assert run.quarantined == {"b.csv": 0}


async def test_much_evidence_for_one_reading_does_not_outvote_the_other(tmp_path: Path) -> None:
    prices = [AMBIGUOUS, *(f"{number}.5" for number in range(300)), "2,55"]
    run = await settle_deliveries(tmp_path, {"a.csv": priced(*prices)})
    assert (run.feed.decimal, set(run.errors)) == (None, {"a.csv"})


async def test_evidence_from_lines_that_are_set_aside_does_not_count(tmp_path: Path) -> None:
    faulty = [row(invoice_no=None, unit_price="2,55")]
    sound = priced(AMBIGUOUS, *(f"{number}.5" for number in range(20)))
    run = await settle_deliveries(tmp_path / "both", {"a.csv": sound + faulty})
    assert (run.feed.decimal, run.errors, run.quarantined) == (".", {}, {"a.csv": 1})
    (lines,) = run.silvers
    assert lines.settings.weighed == ()  # read anew by what was settled

    alone = [row(invoice_no=None, unit_price=price) for price in ("2,55", "3,5", "4,5")]
    run = await settle_deliveries(tmp_path / "one", {"a.csv": priced(*([AMBIGUOUS] * 50)) + alone})
    assert run.feed.decimal is None
    assert "No line without errors has numbers that only one reading fits." in run.errors["a.csv"].message


@pytest.mark.parametrize("one_batch", [True, False])
async def test_evidence_from_deliveries_that_are_refused_does_not_count(
    tmp_path: Path, one_batch: bool
) -> None:
    refused = priced("2,55", "3,5", "4,5") + [row(invoice_no=None)] * 3
    run = await settle_deliveries(
        tmp_path / "alone", {"a.csv": priced(AMBIGUOUS), "b.csv": refused}, one_batch=one_batch
    )
    assert (run.feed.decimal, set(run.errors)) == (None, {"a.csv"})
    good = priced(AMBIGUOUS, "2.55", "3.5", "4.5")
    run = await settle_deliveries(tmp_path / "both", {"a.csv": good, "b.csv": refused}, one_batch=one_batch)
    assert (run.feed.decimal, run.errors) == (".", {})


async def test_each_setting_is_settled_by_its_own_evidence(tmp_path: Path) -> None:
    lines = [
        row(quantity="1.000", unit_price=f"{number},5", invoice_date=f"{number + 12}/11/2010")
        for number in range(1, 9)
    ]
    run = await settle_deliveries(tmp_path, {"a.csv": lines, "b.csv": dated("2/3/2010")})
    assert (run.feed.decimal, run.feed.date_format, run.errors) == (",", "eu", {})
    assert run.notes["b.csv"] == ("date format eu by 8 of 9 dates, such as 13/11/2010",)


async def test_a_given_setting_asks_nothing_and_sets_aside_what_does_not_fit(tmp_path: Path) -> None:
    run = await settle_deliveries(
        tmp_path, {"a.csv": priced(AMBIGUOUS, "2.55", "2,55"), "b.csv": dated("2/3/2010")}, decimal="."
    )
    assert (run.quarantined, set(run.errors)) == ({"a.csv": 1}, {"b.csv"})
    (silver,) = run.silvers
    assert silver.deliveries[0].rules["unit_price_readable"] == 1
    assert silver.deliveries[0].notes == ()
