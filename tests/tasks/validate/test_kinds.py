"""What a line is: told by the words of a mapping, else by the rules of its form; and which rules of the contract apply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tasks.ingest.mapping.content import kept_text
from tasks.validate.settings import FeedSettings, ValidationSettings
from tasks.validate.silver import validate
from tests.support.deliveries import NAMES, as_csv, bronze_of, row, write
from tests.support.lines import AS_OF, broken_rules, bronze, lines_of, typed_lines, validate_sources

Line = Mapping[str, str | None]
TILL: dict[str, Any] = {
    "schema": 1,
    "name": "till",
    "line": {
        "invoice": ["Receipt"],
        "code": "SKU",
        "quantity": "Qty",
        "time": {"columns": ["Time"]},
        "amount": {"piece": "Price"},
        "equal_lines": "real",
    },
}


def _mapping(line: Mapping[str, Any] = MappingProxyType({}), **more: Any) -> str:
    return kept_text({**TILL, "line": {**TILL["line"], **line}, **more})


def _kinds(*lines: Line, mapping: str | None = None, **settings: str) -> list[tuple[str, bool]]:
    typed = typed_lines(bronze(*lines), mapping=mapping, decimal=".", **settings)
    return typed.select("kind", "is_merchandise").rows()


def test_without_a_mapping_the_rules_of_online_retail_tell() -> None:
    lines: list[Line] = [
        {},
        {"invoice_no": "c5"},
        {"quantity": "-1"},
        {"invoice_no": "CASH"},
        {"stock_code": "post"},
    ]
    assert _kinds(*lines) == [
        ("sale", True),
        ("return", True),
        ("sale", True),
        ("sale", True),
        ("sale", False),
    ]


def test_with_one_they_do_not() -> None:
    lines: list[Line] = [
        {"invoice_no": "C5"},
        {"quantity": "-0.5"},
        {"stock_code": "POST"},
        {"quantity": "x"},
    ]
    assert _kinds(*lines, mapping=_mapping()) == [
        ("sale", True),
        ("return", True),
        ("sale", True),
        ("sale", True),
    ]


def test_a_feed_that_held_lines_goes_on_by_the_rules_that_they_had() -> None:
    lines: list[Line] = [{"invoice_no": "C5"}, {"quantity": "-1"}, {"stock_code": "POST"}]
    held = {"store_column": "passed over"}
    old = [("return", True), ("sale", True), ("sale", False)]
    assert _kinds(*lines, mapping=_mapping(), **held) == old
    new = [("sale", True), ("return", True), ("sale", True)]
    assert _kinds(*lines, mapping=_mapping({"negative_is": "return"}), **held) == new


def test_a_mapping_can_say_so_itself() -> None:
    mapping = _mapping(
        {"negative_is": "sale"},
        merchandise={"not_codes": ["BAG"]},
        invoice_types={"cancellation": "R"},
    )
    lines: list[Line] = [{"quantity": "-1"}, {"invoice_no": "r5"}, {"stock_code": "bag"}]
    assert _kinds(*lines, mapping=mapping) == [("sale", True), ("return", True), ("sale", False)]


def test_words_tell_before_rules() -> None:
    lines: list[Line] = [
        {"kind": "shipping", "quantity": "-1"},
        {"kind": "sale", "quantity": "-1"},
        {"kind": "return", "stock_code": "B"},
        {"kind": None, "quantity": "-1"},
    ]
    assert _kinds(*lines, mapping=_mapping()) == [
        ("shipping", False),
        ("sale", True),
        ("return", True),
        ("return", True),
    ]


TILL_HEADER = ("Receipt", "SKU", "Qty", "Time", "Price")


def _rules_broken(
    folder: Path, rows: Sequence[tuple[str, ...]], mapping: str, header: tuple[str, ...] = TILL_HEADER
) -> dict[str, int]:
    feed = FeedSettings(mapping=mapping, decimal=".")
    path = write(folder / "till.csv", as_csv(rows, header))
    result = ingest(discover([str(path)]).deliveries, {}, folder / "w", reading=feed.reading)
    silver = validate(bronze_of(result), ValidationSettings(feed, AS_OF), folder / "w")
    return dict(silver.deliveries[0].rules)


ROWS = [("7", "TEA", "1", "2011-01-03 10:00:00", "2.50")] * 3 + [
    ("A8", "TEA", "-1", "2011-01-03 11:00:00", "2.50"),
    ("C9", "RABATT", "1", "2011-01-03 12:00:00", "-0.50"),
]


def test_what_a_till_cannot_tell_costs_it_nothing(tmp_path: Path) -> None:
    assert _rules_broken(tmp_path, ROWS, _mapping()) == {}


def test_what_it_could_tell_counts(tmp_path: Path) -> None:
    line = {key: value for key, value in TILL["line"].items() if key != "equal_lines"}
    blank = [("7", "TEA", "1", "2011-01-03 10:00:00", "2.50", ""), *((*each, "5") for each in ROWS)]
    rules = _rules_broken(tmp_path, ROWS, kept_text({**TILL, "line": line}))
    assert rules == {"not_a_copy": 2}
    header = (*TILL_HEADER, "Customer")
    mapped = _mapping({"customer": "Customer"})
    assert _rules_broken(tmp_path / "b", blank, mapped, header) == {"customer_present": 1}


def test_the_rules_of_online_retail_hold_for_its_own_files() -> None:
    for line, rule in (
        ({"unit_price": "-1"}, "negative_price_is_adjustment"),
        ({"invoice_no": "C5"}, "cancellation_is_negative"),
    ):
        assert {name for name, *_ in broken_rules(line)[0]} == {rule}


STORES = (*NAMES, "Store")


@pytest.mark.parametrize(("store_column", "store"), [(None, "Berlin"), ("passed over", None)])
def test_a_store_of_a_feed_that_held_lines_is_passed_over(
    tmp_path: Path, store_column: str | None, store: str | None
) -> None:
    day = write(tmp_path / "day.csv", as_csv([(*row(), " Berlin ")], STORES))
    plain = write(tmp_path / "plain.csv", as_csv([row()]))
    silver = validate_sources(tmp_path / "w", [day], store_column=store_column)
    lines = lines_of(silver)
    assert lines.get_column("store").to_list() == [store]
    same = lines.get_column("line_id").to_list() == (
        lines_of(validate_sources(tmp_path / "w", [plain])).get_column("line_id").to_list()
    )
    assert same == (store is None)
    notes = [note for note in silver.deliveries[0].notes if "stores and line numbers are passed over" in note]
    assert len(notes) == (store is None)
