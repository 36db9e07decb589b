"""Every rule of the contract, each with a line that breaks only this rule.

The rules are listed here: removing one, moving it to another dimension or lowering its severity fails a test.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tasks.ingest.schema import COLUMNS, UNKNOWN_WORD
from tasks.validate.contract import rules
from tasks.validate.score import DIMENSIONS
from tests.support.lines import AS_OF, broken_rules

TOMORROW = (AS_OF + timedelta(days=1)).isoformat()
Line = dict[str, str | None]

RULES: dict[str, tuple[str, str, Line]] = {
    "invoice_no_present": ("completeness", "error", {"invoice_no": None}),
    "stock_code_present": ("completeness", "error", {"stock_code": "  "}),
    "customer_present": ("completeness", "warning", {"customer_id": None}),
    "description_present": ("completeness", "warning", {"description": None}),
    "country_present": ("completeness", "warning", {"country": ""}),
    "line_unfinished": ("completeness", "error", {}),  # the last line of a file; see test_unfinished_line.py
    "not_a_copy": ("uniqueness", "warning", {}),  # the second of two identical lines
    "row_complete": ("validity", "error", {"fault": "9 fields instead of 8", "raw": "a,b"}),
    "word_known": ("validity", "error", {"fault": f"the column State{UNKNOWN_WORD}open"}),
    "quantity_readable": ("validity", "error", {"quantity": "six"}),
    "quantity_exact": ("validity", "error", {"quantity": "0.35501"}),
    "quantity_not_zero": ("validity", "error", {"quantity": "0"}),
    "unit_price_readable": ("validity", "error", {"unit_price": "2.55.1"}),
    "currency_known": ("validity", "error", {"currency": "doubloons"}),
    "currency_told": ("completeness", "error", {"currency": " "}),
    "price_in_currency": ("consistency", "error", {"unit_price": "$2.55"}),
    "currency_of_feed": ("consistency", "error", {"currency": "EUR"}),
    "unit_price_exact": ("validity", "error", {"unit_price": "2.55001"}),
    **{
        f"{column}_amount_{rule}": ("validity", "error", {name: text, "stock_code": "22423"})
        for column, name in (("total", "amount"), ("discount", "discount"), ("tax", "tax"), ("cost", "cost"))
        for rule, text in (("readable", "1.5.5"), ("exact", "1.00001"))
    },
    "total_amount_in_range": ("validity", "error", {"quantity": "2000000000", "unit_price": "999999999"}),
    "sold_at_readable": ("validity", "error", {"invoice_date": "12/1/2010 8:26"}),
    "sold_at_zone_known": ("validity", "error", {"invoice_date": "2010-12-01 08:26:00 CET"}),
    "sold_at_exists": ("validity", "error", {"invoice_date": "2011-03-27 01:30:00"}),
    "customer_id_whole": ("validity", "error", {"customer_id": "17850.5"}),
    "customer_exact": ("validity", "error", {"customer_id": "1.785E+04"}),
    "customer_id_storable": ("validity", "error", {"customer_id": "C" * 101}),
    "invoice_no_exact": ("validity", "error", {"invoice_no": "5.36E+05"}),
    "stock_code_exact": ("validity", "error", {"stock_code": "8.5123e5"}),
    "invoice_no_storable": ("validity", "error", {"invoice_no": "1" * 101}),
    "stock_code_storable": ("validity", "error", {"stock_code": "A\0B"}),
    "description_storable": ("validity", "error", {"description": "x" * 4001}),
    "country_storable": ("validity", "error", {"country": "é" * 101}),
    "store_storable": ("validity", "error", {"store": "é" * 101}),
    "source_line_storable": ("validity", "error", {"source_line": "1" * 101}),
    "unit_price_not_zero": ("validity", "warning", {"unit_price": "0.000"}),
    "negative_price_is_adjustment": ("consistency", "warning", {"unit_price": "-2.55"}),
    "cancellation_is_negative": ("consistency", "warning", {"invoice_no": "C536379"}),
    "not_a_summary": ("consistency", "error", {"invoice_no": "TOTAL"}),
    "not_in_the_future": ("timeliness", "error", {"invoice_date": f"{TOMORROW} 00:00:00"}),
    "not_before_2000": ("timeliness", "error", {"invoice_date": "1999-12-31 23:59:59"}),
}


# What the sound line before it says too, and the feed's settings.
BEFORE: dict[str, Line] = {
    rule: {"currency": "GBP"} for rule in ("currency_known", "currency_told", "currency_of_feed")
}
SETTINGS: dict[str, dict[str, Any]] = {
    "currency_of_feed": {"currency_column": "passed over"},
    "customer_id_whole": {"customers": "numbers"},
}


@pytest.mark.parametrize("rule", sorted(RULES.keys() - {"line_unfinished"}))
def test_line_that_breaks_one_rule(rule: str) -> None:
    dimension, severity, line = RULES[rule]
    sound, broken = broken_rules(BEFORE.get(rule, {}), line, **SETTINGS.get(rule, {}))
    assert sound == set()
    assert broken == {(rule, dimension, severity)}


def test_list_of_rules() -> None:
    listed = {
        rule.name: (dimension, rule.severity) for dimension, some in rules(AS_OF).items() for rule in some
    }
    assert listed == {rule: (dimension, severity) for rule, (dimension, severity, _) in RULES.items()}
    assert tuple(rules(AS_OF)) == DIMENSIONS


@pytest.mark.parametrize("severity", ["error", "warning"])
def test_several_rules_at_once(severity: str) -> None:
    names = [name for name in RULES if RULES[name][1] == severity][: 2 if severity == "error" else 4]
    line: Line = {}
    for name in names:
        line |= RULES[name][2]
    (broken,) = broken_rules(line)
    assert {name for name, _, _ in broken} == set(names) - {"not_a_copy"}


BOUNDARIES: list[Line] = [
    {"invoice_no": "C536379", "quantity": "-6"},
    {"invoice_no": "A563185", "unit_price": "-11062.06", "quantity": "1"},
    {"quantity": "-6"},
    {"invoice_no": "CASH1", "quantity": "6"},
    {"invoice_no": "é" * 50, "stock_code": "x" * 100, "country": "é" * 100, "description": "x" * 4000},
    {"unit_price": "0.001"},
    {"unit_price": "999999999.9999", "quantity": "100"},
    {"invoice_date": f"{AS_OF} 23:59:59"},
    {"invoice_date": "2000-01-01 00:00:00"},
    {"invoice_date": "2011-10-30 01:30:00"},
    {"quantity": "2147483647", "unit_price": "46566"},
    {"customer_id": "17850.0"},
    {"customer_id": "C17850"},
    {"customer_id": "é" * 50, "store": "é" * 100, "source_line": "1" * 100},
    {"quantity": "0.0001"},
    {"quantity": "2147483647.9999", "unit_price": "1"},
    {"unit_price": None, "amount": "99999999999999.9999", "quantity": "7"},
    {
        "unit_price": None,
        "amount": "-10.0000000",
        "quantity": "-3",
        "discount": "-1.5",
        "tax": "0",
        "cost": ".5",
    },
]


@pytest.mark.parametrize("line", BOUNDARIES)
def test_line_just_within_all_rules(line: Line) -> None:
    assert broken_rules(line) == [set()]


VARIANTS: list[tuple[Line, str]] = [
    ({"unit_price": None}, "unit_price_readable"),
    ({"unit_price": "1234567890.5"}, "unit_price_readable"),
    ({"unit_price": "1e3"}, "unit_price_readable"),
    ({"unit_price": ".00001"}, "unit_price_exact"),
    ({"unit_price": "-0.00001"}, "unit_price_exact"),
    ({"quantity": None}, "quantity_readable"),
    ({"quantity": "6.50005"}, "quantity_exact"),
    ({"quantity": "2147483648"}, "quantity_readable"),
    ({"quantity": "2147483648.12345"}, "quantity_readable"),
    ({"quantity": "-2147483648.0"}, "quantity_readable"),
    ({"quantity": "-0"}, "quantity_not_zero"),
    ({"invoice_date": None}, "sold_at_readable"),
    ({"invoice_date": "2010-13-01 08:26:00"}, "sold_at_readable"),
    ({"invoice_date": "0010-12-01 08:26:00"}, "not_before_2000"),
    ({"customer_id": "850.000"}, "customer_id_whole"),
    ({"customer_id": "00123"}, "customer_id_whole"),
    ({"customer_id": "A\0B"}, "customer_id_storable"),
    ({"unit_price": None, "amount": "99999999999999", "quantity": "0.0001"}, "total_amount_in_range"),
    ({"unit_price": None, "amount": "5", "quantity": "0"}, "quantity_not_zero"),
    ({"unit_price": None, "amount": "100000000000000"}, "total_amount_readable"),
    ({"unit_price": None, "amount": "$5"}, "price_in_currency"),
    ({"unit_price": "£2", "discount": "€1"}, "price_in_currency"),
    ({"invoice_no": "a536365", "unit_price": "-1"}, ""),
    ({"invoice_no": "ADJ", "unit_price": "-1"}, "negative_price_is_adjustment"),
]


@pytest.mark.parametrize(("line", "rule"), VARIANTS)
def test_more_lines_that_break_one_rule(line: Line, rule: str) -> None:
    (broken,) = broken_rules(line)
    assert {name for name, _, _ in broken} == ({rule} if rule else set())


def test_future_starts_after_the_day_of_the_run() -> None:
    line = {"invoice_date": "2011-06-30 23:59:59"}
    assert broken_rules(line, as_of=date(2011, 6, 30)) == [set()]
    assert {name for name, _, _ in broken_rules(line, as_of=date(2011, 6, 29))[0]} == {"not_in_the_future"}


def test_row_that_cannot_be_split_breaks_only_row_complete() -> None:
    empty_line: Line = dict.fromkeys(COLUMNS)
    broken_row = {**empty_line, "fault": "2 fields instead of 8", "raw": "a,b"}
    empty, broken = broken_rules(empty_line, broken_row)
    assert broken == {("row_complete", "validity", "error")}
    assert {name for name, _, severity in empty if severity == "error"} == {
        "invoice_no_present",
        "stock_code_present",
        "quantity_readable",
        "unit_price_readable",
        "sold_at_readable",
    }
