"""A customer is any code; a code with zeros in front is the number without them only where the feed has numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.deliveries import row
from tests.support.lines import bronze, normalise_values, typed_lines
from tests.support.reading_evidence import settle_deliveries

MARK = "\u200b"


def _read(text: str, customers: str | None, **settings: str) -> tuple[str | None, int | None]:
    settings = settings if customers is None else {**settings, "customers": customers}
    row = (
        typed_lines(bronze({"customer_id": text}), **settings).select("customer_number", "customer_id").row(0)
    )
    return row[0], row[1]


@pytest.mark.parametrize("customers", ["codes", None])
@pytest.mark.parametrize(
    ("text", "code", "number"),
    [
        ("c001", "C001", None),
        (" 6f9619ff-8b86-d011 ", "6F9619FF-8B86-D011", None),
        (f"{MARK}c0{MARK}1", "C01", None),
        ("17850", "17850", 17850),
        ("17850.0", "17850", 17850),
        ("17850,0", "17850", 17850),
        ("0", "0", 0),
        ("-5", "-5", None),
        ("9" * 15, "9" * 15, 10**15 - 1),
        ("9" * 16, "9" * 16, None),
        ("0" * 16, "0" * 16, None),
        ("1.2.3", "1.2.3", None),
    ],
)
def test_codes(customers: str | None, text: str, code: str, number: int | None) -> None:
    assert _read(text, customers) == (code, number)


@pytest.mark.parametrize("text", ["00123", f"{MARK}00123 ", "00123.0", "00123.", "00123,0"])
def test_zeros_in_front_have_two_readings(text: str) -> None:
    assert _read(text, "codes") == ("00123", None)
    assert _read(text, None) == (None, None)
    if "," not in text:
        assert _read(text, "numbers") == ("123", 123)


@pytest.mark.parametrize("text", ["C001", "17850,0", "-5", "9" * 16])
def test_where_customers_are_numbers_others_are_not_read(text: str) -> None:
    assert _read(text, "numbers") == (None, None)


@pytest.mark.parametrize("customers", ["codes", "numbers", None])
def test_thousands_need_the_point(customers: str | None) -> None:
    assert _read("850.000", customers) == (None, None)
    assert _read("850.000", customers, decimal=".") == ("850", 850)


def test_words_for_missing_are_no_customers() -> None:
    assert normalise_values("customer_id", ["nan", "", "GUEST"], "customer_number") == [None, None, "GUEST"]
    assert normalise_values("customer_id", ["GUEST"], "customer_number", missing_words="GUEST") == [None]


def _bought_by(*customers: str | None) -> list[tuple[str | None, ...]]:
    return [row(customer_id=customer, stock_code=f"P{number}") for number, customer in enumerate(customers)]


async def test_codes_settle_what_zeros_in_front_are(tmp_path: Path) -> None:
    run = await settle_deliveries(tmp_path, {"a.csv": _bought_by("00123", "C001", "C002", "c003", "17850")})
    assert (run.feed.customers, run.errors, run.quarantined) == ("codes", {}, {"a.csv": 0})
    # A code may be somebody's name or address.
    assert run.notes == {"a.csv": ("customers as codes by 3 of 4 customer numbers",)}


async def test_without_evidence_the_delivery_waits_for_the_flag(tmp_path: Path) -> None:
    run = await settle_deliveries(
        tmp_path, {"a.csv": _bought_by("00123", "17850"), "b.csv": _bought_by("17851")}
    )
    assert run.feed.customers is None
    assert set(run.quarantined) == {"b.csv"}
    message = run.errors["a.csv"].message
    assert "00123 is 00123 with --customers codes and 123 with --customers numbers" in message
    assert "Set --customers (codes or numbers)" in message


@pytest.mark.parametrize(
    "others",
    [
        ["C001", "c001", "C001 "],
        ["C001", "C002"],
        ["nan", "NULL", "N/A"],
        ["1.785E+04", "1.786E+04", "1.787E+04"],
        ["17850.0", "17851,0", "17852."],
        [f"{MARK}1", f"{MARK}2", f"{MARK}3"],
    ],
    ids=["one value", "two values", "missing", "rounded", "whole", "invisible"],
)
async def test_thin_evidence_does_not_decide(tmp_path: Path, others: list[str]) -> None:
    rows = _bought_by("00123", *others, *["17850"] * 30)
    run = await settle_deliveries(tmp_path, {"a.csv": rows})
    assert (run.feed.customers, set(run.errors)) == (None, {"a.csv"})


async def test_words_of_the_feed_are_no_evidence(tmp_path: Path) -> None:
    words = ["GUEST", "CASH", "TILL"]
    run = await settle_deliveries(
        tmp_path, {"a.csv": _bought_by("00123", *words)}, missing_words="CASH,GUEST,TILL"
    )
    assert (run.feed.customers, set(run.errors)) == (None, {"a.csv"})


async def test_codes_alone_ask_and_settle_nothing(tmp_path: Path) -> None:
    run = await settle_deliveries(tmp_path, {"a.csv": _bought_by("C001", "C002", "C003", "17850")})
    assert (run.feed.customers, run.errors, run.quarantined) == (None, {}, {"a.csv": 0})


@pytest.mark.parametrize(("customers", "quarantined"), [("codes", 0), ("numbers", 1)])
async def test_a_given_setting_asks_nothing(tmp_path: Path, customers: str, quarantined: int) -> None:
    deliveries = {"a.csv": _bought_by("00123", "C001", *["17850"] * 8)}
    run = await settle_deliveries(tmp_path, deliveries, customers=customers)
    assert (run.errors, run.quarantined) == ({}, {"a.csv": quarantined})
