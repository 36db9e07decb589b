"""Deliveries are grouped into batches by the text in them, in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tasks.ingest.discover import Delivery, batches


def _delivery(number: int, size: int, suffix: str = "csv") -> Delivery:
    return Delivery(f"/d/{number}.{suffix}", f"/d/{number}.{suffix}", size)


def test_small_ones_share_a_batch_and_a_large_one_stands_alone() -> None:
    sizes = [40, 40, 30, 500, 10, 90, 1]
    groups = batches([_delivery(number, size) for number, size in enumerate(sizes)], 100)
    assert [[one.size for one in group] for group in groups] == [[40, 40], [30], [500], [10, 90], [1]]


def test_parquet_weighs_what_its_text_would() -> None:
    small = [_delivery(1, 10), _delivery(2, 10, "parquet"), _delivery(3, 10)]
    assert [len(group) for group in batches(small, 100)] == [1, 1, 1]
    assert [len(group) for group in batches(small, 200)] == [3]


@given(st.lists(st.integers(0, 300)), st.integers(1, 250))
def test_nothing_is_lost_or_moved(sizes: list[int], limit: int) -> None:
    deliveries = [_delivery(number, size) for number, size in enumerate(sizes)]
    groups = batches(deliveries, limit)
    assert [one for group in groups for one in group] == deliveries
    for group in groups:
        assert len(group) == 1 or sum(one.size for one in group) <= limit
