"""Deliveries are grouped into batches by their estimated text size, in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tasks.ingest.discover import Delivery, batches


def _delivery(number: int, size: int, suffix: str = "csv") -> Delivery:
    return Delivery(f"/d/{number}.{suffix}", f"/d/{number}.{suffix}", size)


def test_small_deliveries_share_a_batch_and_a_large_one_gets_its_own() -> None:
    sizes = [40, 40, 30, 500, 10, 90, 1]
    groups = batches([_delivery(number, size) for number, size in enumerate(sizes)], 100)
    assert [[delivery.size for delivery in group] for group in groups] == [
        [40, 40],
        [30],
        [500],
        [10, 90],
        [1],
    ]


def test_parquet_counts_with_its_size_as_text() -> None:
    small = [_delivery(1, 10), _delivery(2, 10, "parquet"), _delivery(3, 10)]
    assert [len(group) for group in batches(small, 100)] == [1, 1, 1]
    assert [len(group) for group in batches(small, 200)] == [3]


def test_batches_are_about_equal_but_for_the_first() -> None:
    groups = batches([_delivery(number, 1) for number in range(305)], 120)
    assert [len(group) for group in groups] == [84, 111, 110]
    # One more than fits: no batch for what is left over.
    assert [len(group) for group in batches([_delivery(number, 1) for number in range(121)], 120)] == [52, 69]
    assert [len(group) for group in batches([_delivery(number, 1) for number in range(120)], 120)] == [120]


@given(st.lists(st.integers(0, 300)), st.integers(1, 250))
def test_batches_keep_all_deliveries_in_order(sizes: list[int], limit: int) -> None:
    deliveries = [_delivery(number, size) for number, size in enumerate(sizes)]
    groups = batches(deliveries, limit)
    assert [delivery for group in groups for delivery in group] == deliveries
    for group in groups:
        assert len(group) == 1 or sum(delivery.size for delivery in group) <= limit
