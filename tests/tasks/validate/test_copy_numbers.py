"""The k-th identical line of a delivery gets copy number k in file order, however the delivery is split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import accumulate

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tasks.ingest.schema import BRONZE, UNKNOWN_WORD
from tasks.validate.line_id import CopyNumbers, line_ids
from tasks.validate.normalise import normalise
from tasks.validate.settings import FeedSettings
from tests.support.lines import bronze, typed_lines


def _copies(*lines: Mapping[str, str | None]) -> list[int]:
    return typed_lines(bronze(*lines)).get_column("copy_number").to_list()


def test_copies_are_numbered_in_file_order() -> None:
    a, b = {"description": "A"}, {"description": "B"}
    assert _copies(a, b, a, a, {}, b) == [1, 1, 2, 3, 1, 2]


def test_each_copy_has_its_own_id_and_the_first_that_of_the_line() -> None:
    ids = typed_lines(bronze({}, {}, {})).get_column("line_id").to_list()
    assert len(set(ids)) == 3
    assert ids[0] == typed_lines(bronze({})).get_column("line_id").item()


def test_normalised_lines_are_compared() -> None:
    assert _copies({}, {"invoice_no": "536365 ", "unit_price": "2.5500", "stock_code": "85123a"}) == [1, 2]


def test_lines_of_other_deliveries_are_not_copies() -> None:
    frames = [bronze({}, {}, delivery=name) for name in ("a.csv", "b.csv", "a.csv")]
    assert typed_lines(pl.concat(frames)).get_column("copy_number").to_list() == [1, 2, 1, 2, 3, 4]


def test_unparsed_lines_are_copies_only_with_the_same_text() -> None:
    # Typed, these lines are equal: their quantity is null.
    assert _copies({"quantity": "six"}, {"quantity": "seven"}, {"quantity": None}, {"quantity": "six"}) == [
        1,
        1,
        1,
        2,
    ]
    assert _copies({"unit_price": "2.55001"}, {"unit_price": "2.55002"}) == [1, 1]
    assert _copies({"invoice_date": "soon"}, {"invoice_date": "later"}) == [1, 1]
    assert _copies({"customer_id": "17850.5"}, {"customer_id": None}, {"customer_id": "x"}) == [1, 1, 1]
    empty = dict.fromkeys(
        ["invoice_no", "stock_code", "description", "quantity", "invoice_date", "unit_price"]
    )
    broken = {**empty, "customer_id": None, "country": None}
    broken_rows = [{**broken, "fault": "2 fields instead of 8", "raw": raw} for raw in ("a,b", "a,c", "a,b")]
    assert _copies(broken, *broken_rows) == [1, 1, 1, 2]


def test_a_faulty_line_takes_no_number_of_a_line_without_a_fault() -> None:
    # The faulty one is quarantined. Another delivery may have the other alone, and it is the same line there.
    word = f"gift{UNKNOWN_WORD}What"
    for fault in (
        {"fault": word},
        {"discount": "some"},
        {"tax": "1.23456"},
        {"cost": "9" * 20},
        {"amount": "x"},
    ):
        assert _copies({}, fault, {}) == [1, 1, 2], fault


def _in_parts(frame: pl.DataFrame, sizes: list[int]) -> pl.DataFrame:
    copies = CopyNumbers(len(sizes))
    starts = accumulate(sizes, initial=0)
    parts = [frame.slice(start, size) for start, size in zip(starts, sizes, strict=False)]
    return pl.concat(
        copies.number(line_ids(normalise(part, FeedSettings()), "default", "GBP")) for part in parts
    )


_lines = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["1", "2", "x", None])), min_size=1, max_size=30
)


@given(_lines, st.data())
def test_one_part_or_many(lines: list[tuple[str, str | None]], data: st.DataObject) -> None:
    ordered = sorted(lines, key=lambda line: line[0])  # the rows of a delivery are adjacent
    frame = pl.concat(bronze({"quantity": quantity}, delivery=name) for name, quantity in ordered)
    sizes: list[int] = []
    while sum(sizes) < len(ordered):
        sizes.append(data.draw(st.integers(1, len(ordered) - sum(sizes))))
    whole = typed_lines(frame)
    assert _in_parts(frame, sizes).rows() == whole.rows()
    occurrences: Counter[tuple[str, str | None]] = Counter()
    for line, copy in zip(ordered, whole.get_column("copy_number"), strict=True):
        occurrences[line] += 1
        assert copy == occurrences[line]
    assert whole.get_column("line_id").n_unique() == len(
        {(q, n) for (_, q), n in zip(ordered, whole["copy_number"], strict=True)}
    )


def test_all_bundled_lines(real_lines: pl.DataFrame) -> None:
    frame = real_lines.select(
        pl.lit("all").alias("delivery"),
        pl.lit("0").alias("content_hash"),
        pl.int_range(1, pl.len() + 1, dtype=pl.Int32).alias("line_no"),
        *(
            pl.col(name).alias(column)
            for name, column in zip(real_lines.columns, bronze({}).columns[3:11], strict=True)
        ),
        *(pl.lit(None, dtype).alias(name) for name, dtype in list(BRONZE.items())[11:]),
    )
    whole = typed_lines(frame)
    assert whole.filter(pl.col("copy_number") > 1).height == 5_268
    assert whole.get_column("line_id").n_unique() == 541_909
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=7)
    again = _in_parts(shuffled, [100_000] * 5 + [41_909])
    assert set(again.get_column("line_id")) == set(whole.get_column("line_id"))
