"""Steps are tried again as the policy says, only while the cause can pass, and say how long that may take."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prefect import flow

from tasks import progress
from tasks.errors import RetailError, WarehouseBusy, WarehouseError
from tasks.retries import RetryPolicy, step
from tests.support.prefect_server import PrefectServer

pytestmark = pytest.mark.prefect
tries: list[str] = []


@step("try", "test", timeout_seconds=60)
async def fail(label: str, error: RetailError, times: int) -> str:
    tries.append(label)
    if tries.count(label) <= times:
        raise error
    return label


@pytest.fixture
def told() -> Iterator[list[progress.Progress]]:
    said: list[progress.Progress] = []
    with progress.listening(said.append):
        yield said


async def attempt(label: str, error: RetailError, times: int, policy: RetryPolicy) -> str:
    @flow
    async def run() -> str:
        return await policy.on(fail)(label, error, times)

    return await run()


async def test_what_passes_is_tried_again_and_told(
    prefect_api: PrefectServer, told: list[progress.Progress]
) -> None:
    policy = RetryPolicy(retries=2, delay_seconds=0.4)  # 1.2 s, and half of it as jitter
    assert await attempt("twice", WarehouseBusy("A lock."), 2, policy) == "twice"
    assert tries.count("twice") == 3
    (first, _) = [one for one in told if one.step == "task.retrying"]
    assert "A lock. It is tried 2 more times at most, with 2 s of waiting in all at most." in first.detail


async def test_no_more_often_than_the_policy_says(prefect_api: PrefectServer) -> None:
    with pytest.raises(WarehouseBusy):
        await attempt("often", WarehouseBusy("A lock."), 9, RetryPolicy(retries=1, delay_seconds=0))
    assert tries.count("often") == 2


async def test_what_cannot_pass_is_not_tried_again(prefect_api: PrefectServer) -> None:
    with pytest.raises(WarehouseError):
        await attempt("once", WarehouseError("No."), 9, RetryPolicy(retries=3, delay_seconds=0))
    assert tries.count("once") == 1


def test_the_delays_double() -> None:
    assert RetryPolicy(retries=3, delay_seconds=300).delays == (300, 600, 1200)


class Unvisited(list[int]):
    """A list that nobody may walk through."""

    def __iter__(self) -> Iterator[int]:
        raise AssertionError("somebody looked into it")


@step("hand back", "test", timeout_seconds=60)
async def hand_back(label: str, value: object, *, named: object) -> tuple[str, int, int]:
    return label, id(value), id(named)


async def test_prefect_does_not_look_into_what_a_step_works_on(prefect_api: PrefectServer) -> None:
    one, other = Unvisited([1]), Unvisited([2])

    @flow
    async def run() -> tuple[str, int, int]:
        return await RetryPolicy().on(hand_back)("label", one, named=other)

    assert await run() == ("label", id(one), id(other))
