"""Line ids never change: a library that hashes differently would load every line twice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from tasks.validate.missing_words import DEFAULT_WORDS
from tests.support.lines import bronze, typed_lines
from tests.support.row_encoding import encode

# Never change these: every warehouse stores such ids.
PINNED: list[tuple[Mapping[str, str | None], str]] = [
    ({}, "ff1d876734629bbe2fab2ed83dc7dbd4"),
    ({"customer_id": None, "description": None}, "a614586ebc4ea963884cc9ef6c62eece"),
    ({"invoice_no": "c536379", "quantity": "-1", "unit_price": "27.50"}, "76db1b3714ea086f2095c4ec4e243558"),
    (
        {"invoice_date": "2011-10-30 01:30:00", "unit_price": "0.001", "country": "EIRE"},
        "d37955c36836da50cdb4e596047a26b5",
    ),
    (
        {"description": "CAFÉ £5", "unit_price": "-11062.06", "stock_code": "b"},
        "48304aaa17f90543d7bb81a7dd29af0b",
    ),
]
SECOND_COPY = "7da17b5f868acd012de8b39e1816078f"
# Of a line whose offset puts it into the second of two equal hours, and of its second copy.
SECOND_HOUR = ["8fe37f2f77f05a724c8522945c0cca05", "08c44d903dbaa1107d9b8430060a61cc"]


def _ids(*lines: Mapping[str, str | None], feed: str = "default") -> list[str]:
    return [value.hex() for value in typed_lines(bronze(*lines), feed).get_column("line_id")]


def test_pinned_ids() -> None:
    assert _ids(*(line for line, _ in PINNED)) == [line_id for _, line_id in PINNED]


def test_pinned_id_of_a_second_copy() -> None:
    assert _ids({}, {}) == [PINNED[0][1], SECOND_COPY]


def test_pinned_ids_of_the_second_hour() -> None:
    line = {"invoice_date": "2010-10-31 01:30:00+00:00"}
    assert _ids(line, line) == SECOND_HOUR


def test_marked_ids_computed_independently() -> None:
    (first,) = _ids({"invoice_date": "2010-10-31 01:30:00"})
    marked = xxhash.xxh3_128_digest(encode((bytes.fromhex(first), "local_hour", "second")))
    copy = xxhash.xxh3_128_digest(encode((marked, 2)))
    line = {"invoice_date": "2010-10-31 01:30:00+00:00"}
    assert _ids(line, line) == [marked.hex(), copy.hex()]


# What a line says beyond the eleven columns, by its name in the identity, in the order in which it is hashed.
MARKS: dict[str, tuple[dict[str, str | None], str]] = {
    "local_hour": ({"invoice_date": "2010-10-31 01:30:00+00:00"}, "second"),
    "customer_number": ({"customer_id": "c001"}, "C001"),
    "quantity": ({"quantity": "0.3550"}, "0.355"),
    "amount": ({"amount": "10.00", "quantity": "3", "unit_price": None}, "10"),
    "kind": ({"kind": "tip"}, "tip"),
    "store": ({"store": " Berlin "}, "Berlin"),
    "source_line": ({"source_line": "7/2"}, "7/2"),
}
# What the eleven columns hold where a mark speaks of them.
_OF_MARK: dict[str, dict[str, Any]] = {
    "local_hour": {"sold": datetime(2010, 10, 31, 1, 30)},
    "customer_number": {"customer": None},
    "quantity": {"quantity": None},
    "amount": {"quantity": 3, "price": Decimal("3.3333")},
}


def _marked_id(*names: str) -> str:
    values = {
        "quantity": 6,
        "sold": datetime(2010, 12, 1, 8, 26),
        "price": Decimal("2.55"),
        "customer": 17850,
    }
    for name in names:
        values |= _OF_MARK.get(name, {})
    line = ("default", "536365", "85123A", "WHITE HEART", *values.values(), "United Kingdom", None, None)
    line_id = xxhash.xxh3_128_digest(encode(line))
    for name in MARKS:
        if name in names:
            line_id = xxhash.xxh3_128_digest(encode((line_id, name, MARKS[name][1])))
    return line_id.hex()


@pytest.mark.parametrize("name", MARKS)
def test_a_line_with_one_mark(name: str) -> None:
    assert _ids({}, MARKS[name][0]) == [PINNED[0][1], _marked_id(name)]


@given(st.sets(st.sampled_from(sorted(MARKS)), min_size=1))
def test_any_marks_of_a_line(names: set[str]) -> None:
    # A fraction's price would be another.
    names -= {"quantity"} if "amount" in names else set()
    line: dict[str, str | None] = {}
    for name in names:
        line |= MARKS[name][0]
    assert _ids(line, {}) == [_marked_id(*names), PINNED[0][1]]


@pytest.mark.parametrize(
    "line",
    [
        {"amount": "15.30", "unit_price": None},
        {"quantity": "6.0000"},
        {"kind": "sale"},
        {"store": " ", "source_line": "", "customer_id": "017850"},
        {"discount": "1", "tax": "2.5", "cost": "0.1", "attributes": '{"a":1}', "invoice_attributes": "{}"},
        {"currency": "GBP"},
    ],
)
def test_what_says_nothing_new_takes_no_part(line: Mapping[str, str | None]) -> None:
    line = {**line, "customer_id": line.get("customer_id", "17850")}
    ids = typed_lines(bronze(line), customers="numbers").get_column("line_id")
    assert [each.hex() for each in ids] == [PINNED[0][1]]


def test_a_return_by_its_number_is_no_news() -> None:
    told = {**PINNED[2][0], "kind": "return"}
    assert _ids(told, {**told, "kind": "sale"})[0] == PINNED[2][1]
    assert _ids({"kind": "return"}) != _ids({}) != _ids({**told, "kind": "sale"})


def test_a_price_and_the_amount_that_it_makes_are_the_same_line() -> None:
    # 0.355 x 2.5555 has seven decimals.
    by_price = {"quantity": "0.355", "unit_price": "2.5555"}
    assert _ids(by_price) == _ids({"quantity": ".3550", "unit_price": None, "amount": "0.9072"})


def test_codes_of_customers_differ_by_their_zeros() -> None:
    texts = ["C001", "C01", "00123", "123", "0123", None]
    lines = typed_lines(bronze(*({"customer_id": text} for text in texts)), customers="codes")
    assert lines.get_column("line_id").n_unique() == len(texts)
    spelt = [{"customer_id": " c001"}, {"customer_id": "C001\u200b"}]
    assert len({_ids(line)[0] for line in spelt}) == 1


_text = st.none() | st.text(
    st.characters(exclude_categories=["Cs", "Z", "C"]), min_size=1, max_size=20
).filter(lambda text: text.upper() not in DEFAULT_WORDS)


@given(
    _text,
    st.integers(-(2**31) + 1, 2**31 - 1),
    st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
    st.decimals(-40_000, 40_000, places=4),
    st.none() | st.integers(0, 10**15 - 1),
)
def test_ids_computed_independently(
    description: str | None, quantity: int, sold: datetime, price: Decimal, customer: int | None
) -> None:
    line = {
        "description": description,
        "quantity": str(quantity),
        "invoice_date": sold.isoformat(" "),
        "unit_price": f"{price:f}",
        "customer_id": None if customer is None else str(customer),
    }
    values = (
        "shop",
        "536365",
        "85123A",
        description,
        quantity,
        sold,
        price,
        customer,
        "United Kingdom",
        None,
        None,
    )
    first = xxhash.xxh3_128_digest(encode(values))
    second, third = (xxhash.xxh3_128_digest(encode((first, copy))) for copy in (2, 3))
    assert _ids(line, line, line, feed="shop") == [first.hex(), second.hex(), third.hex()]


def test_feed_and_every_business_column_change_the_id() -> None:
    changed: list[Mapping[str, str | None]] = [
        {},
        {"invoice_no": "536366"},
        {"stock_code": "85123B"},
        {"description": "WHITE"},
        {"quantity": "7"},
        {"invoice_date": "2010-12-01 08:27:00"},
        {"unit_price": "2.56"},
        {"customer_id": "17851"},
        {"customer_id": None},
        {"country": "France"},
        {"country": None, "description": "United Kingdom"},
    ]
    assert len({*_ids(*changed), *_ids({}, feed="other")}) == len(changed) + 1


def test_notations_of_a_line_have_the_same_id() -> None:
    notations = [
        {"invoice_no": " 536365"},
        {"stock_code": "85123a "},
        {"quantity": "+6.0"},
        {"invoice_date": "2010-12-01T08:26:00.000"},
        {"unit_price": "02.5500"},
        {"customer_id": "17850.0"},
        {"country": "\tUnited Kingdom"},
    ]
    assert {_ids(line)[0] for line in notations} == set(_ids({}))


def test_file_and_line_number_do_not_change_the_id() -> None:
    elsewhere = bronze({}, delivery="other.csv", first=77)
    assert [value.hex() for value in typed_lines(elsewhere).get_column("line_id")] == _ids({})
