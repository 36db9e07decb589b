"""One question for all who wait, and no answer that is older than its request."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest

from api.shared_answer import SharedAnswer
from tasks.postgres.connect import ConnectionSettings
from tests.api.conftest import environment_of
from tests.support.api_server import ApiServer, basic, serving
from tests.support.link import counting_link


async def test_who_comes_while_it_is_asked_gets_the_next_answer() -> None:
    numbers, may_end = count(1), asyncio.Event()

    async def question() -> int:
        number = next(numbers)
        await may_end.wait()
        return number

    shared = SharedAnswer(question)
    first = asyncio.create_task(shared.get())
    await asyncio.sleep(0.01)
    later = [asyncio.create_task(shared.get()) for _ in range(20)]
    await asyncio.sleep(0.01)
    later[0].cancel()
    may_end.set()
    assert await first == 1
    assert [await task for task in later[1:]] == [2] * 19
    assert await shared.get() == 3


async def test_a_failure_is_told_to_all_and_the_next_one_asks_again() -> None:
    numbers = count(1)

    async def question() -> int:
        await asyncio.sleep(0)
        if (number := next(numbers)) == 1:
            raise ConnectionError("lost")
        return number

    shared = SharedAnswer(question)
    ended = await asyncio.gather(shared.get(), shared.get(), return_exceptions=True)
    assert [type(end) for end in ended] == [ConnectionError, ConnectionError]
    assert await shared.get() == 2


async def test_many_clients_cost_few_turns(
    api_warehouse: ConnectionSettings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    import httpx

    with (
        counting_link(api_warehouse) as (link, through),
        environment_of(through, tmp_path_factory.mktemp("data")),
        serving() as api,
    ):
        assert api.viewer.get("/api/v1/supabase/health").status_code == 200
        before = link.counts_now()
        async with httpx.AsyncClient(base_url=api.url, auth=basic("victor")) as client:
            answers = await asyncio.gather(*(client.get("/api/v1/supabase/health") for _ in range(50)))
        assert {answer.status_code for answer in answers} == {200}
        spent = link.counts_now() - before
        assert (spent.connections, spent.turns < 50) == (0, True)


def test_it_is_what_the_model_says(api: ApiServer) -> None:
    from api.models.health import HealthReport

    answer = api.viewer.get("/api/v1/supabase/health")
    assert answer.headers["content-type"] == "application/json"
    assert HealthReport.model_validate_json(answer.content).connection.milliseconds >= 0
