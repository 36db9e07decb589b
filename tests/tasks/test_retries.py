"""Steps are retried as the policy says, only after transient errors, and report how long the retries may take."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from prefect import flow

from tasks import progress
from tasks.errors import RetailError, StepTimedOut, WarehouseBusy, WarehouseError
from tasks.retries import RetryPolicy, step
from tests.support.prefect_server import PrefectServer

pytestmark = pytest.mark.prefect
attempts: list[str] = []


@step("try", "test", timeout_seconds=60)
async def fail(label: str, error: RetailError, times: int) -> str:
    attempts.append(label)
    if attempts.count(label) <= times:
        raise error
    return label


@pytest.fixture
def reports() -> Iterator[list[progress.Progress]]:
    received: list[progress.Progress] = []
    with progress.listening(received.append):
        yield received


async def run_failing_step(label: str, error: RetailError, times: int, policy: RetryPolicy) -> str:
    @flow
    async def run() -> str:
        return await policy.apply(fail)(label, error, times)

    return await run()


async def test_transient_error_is_retried_and_reported(
    prefect_api: PrefectServer, reports: list[progress.Progress]
) -> None:
    policy = RetryPolicy(retries=2, delay_seconds=0.4)  # 1.2 s, and half of it as jitter
    assert await run_failing_step("twice", WarehouseBusy("A lock."), 2, policy) == "twice"
    assert attempts.count("twice") == 3
    (first, _) = [report for report in reports if report.step == "task.retrying"]
    assert "A lock. Up to 2 retries, waiting 2 s at most." in first.detail


async def test_number_of_retries_is_limited(prefect_api: PrefectServer) -> None:
    with pytest.raises(WarehouseBusy):
        await run_failing_step("often", WarehouseBusy("A lock."), 9, RetryPolicy(retries=1, delay_seconds=0))
    assert attempts.count("often") == 2


async def test_terminal_error_is_not_retried(prefect_api: PrefectServer) -> None:
    with pytest.raises(WarehouseError):
        await run_failing_step("once", WarehouseError("No."), 9, RetryPolicy(retries=3, delay_seconds=0))
    assert attempts.count("once") == 1


def test_delays_end_at_an_hour() -> None:
    assert RetryPolicy(4, 1500.0).delays == (1500.0, 3000.0, 3600.0, 3600.0)


def test_delays_double() -> None:
    assert RetryPolicy(retries=3, delay_seconds=300).delays == (300, 600, 1200)


class NotIterable(list[int]):
    """A list that fails when iterated."""

    def __iter__(self) -> Iterator[int]:
        raise AssertionError("iterated")


@step("hand back", "test", timeout_seconds=60)
async def hand_back(label: str, value: object, *, named: object) -> tuple[str, int, int]:
    return label, id(value), id(named)


async def test_prefect_does_not_search_the_arguments_of_a_step(prefect_api: PrefectServer) -> None:
    first, second = NotIterable([1]), NotIterable([2])

    @flow
    async def run() -> tuple[str, int, int]:
        return await RetryPolicy().apply(hand_back)("label", first, named=second)

    assert await run() == ("label", id(first), id(second))


@step("wait", "test", timeout_seconds=0.2)
async def wait(label: str) -> None:
    await asyncio.sleep(30)


async def test_a_step_that_passes_its_limit_is_an_error_of_ours(prefect_api: PrefectServer) -> None:
    @flow
    async def run() -> None:
        await RetryPolicy(retries=2, delay_seconds=0).apply(wait)("batch 1 of 2")

    with pytest.raises(StepTimedOut, match=r"The step wait batch 1 of 2 passed its limit of 0\.2 s\."):
        await run()
