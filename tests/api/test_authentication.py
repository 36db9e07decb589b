"""Who may ask: HTTP Basic in UTF-8, roles, and what slows down somebody who guesses."""

from __future__ import annotations

import asyncio
import base64
import statistics
import time
from collections.abc import Iterator

import argon2
import httpx
import pytest

from api.authenticator import Authenticator, Slowed
from api.passwords import hash_password, is_password
from blocks.user_list import ApiUser
from tests.support.api_server import PASSWORD, USERS, ApiServer, basic

PATH = "/api/v1/supabase/config"


class Clock:
    """A clock that the test turns."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authenticator(clock: Clock) -> Authenticator:
    return Authenticator(USERS, clock)


@pytest.fixture
def client(api: ApiServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api.url) as client:
        yield client


def test_a_password_outside_ascii(api: ApiServer) -> None:
    assert not PASSWORD.isascii()
    assert api.viewer.get(PATH).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Basic",
        "Basic !",
        "Bearer abc",
        "Basic " + base64.b64encode(b"ann").decode(),
        "Basic " + base64.b64encode("ann:p\u00e4ss".encode("latin-1")).decode(),
        "Basic " + "A" * 10_000,
    ],
)
def test_without_credentials_nothing_is_counted(client: httpx.Client, header: str | None) -> None:
    for _ in range(6):
        answer = client.get(PATH, headers={"Authorization": header} if header else {})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Basic realm="retail", charset="UTF-8"'
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["next_step"]


def test_a_viewer_may_not_start_work(api: ApiServer) -> None:
    answer = api.viewer.post("/api/v1/supabase/integrity/validate")
    assert answer.status_code == 403
    assert "operator" in answer.json()["next_step"]
    assert api.operator.get(PATH).status_code == 200


def test_another_site_may_not_use_the_password_of_a_browser(api: ApiServer) -> None:
    path = "/api/v1/supabase/schema/create"
    assert api.operator.post(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert api.operator.post(path, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_wrong_passwords_slow_down_one_user(api: ApiServer, client: httpx.Client) -> None:
    answers = [client.get(PATH, auth=basic("guessed", str(number))) for number in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert api.viewer.get(PATH).status_code == 200
    assert client.get(PATH, auth=basic("somebody", "else")).status_code == 401


async def test_the_wait_doubles_and_ends(authenticator: Authenticator, clock: Clock) -> None:
    waits = []
    for _ in range(12):
        try:
            assert await authenticator.authenticate("ann", "wrong", "::1") is None
        except Slowed as slowed:
            waits.append(slowed.seconds)
            clock.now += slowed.seconds
            assert await authenticator.authenticate("ann", "wrong", "::1") is None
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert await authenticator.authenticate("ann", PASSWORD, "another") == USERS[0]
    clock.now += 901
    assert await authenticator.authenticate("ann", "wrong", "::1") is None


async def test_the_right_password_has_to_wait_too_unless_it_was_right_before(
    authenticator: Authenticator,
) -> None:
    assert await authenticator.authenticate("ann", PASSWORD, "known") == USERS[0]
    for name in ("ann", "victor"):
        for _ in range(3):
            assert await authenticator.authenticate(name, "wrong", "known") is None
    assert await authenticator.authenticate("ann", PASSWORD, "known") == USERS[0]
    with pytest.raises(Slowed):
        await authenticator.authenticate("victor", PASSWORD, "known")


async def test_many_guesses_at_once_are_slowed_too(authenticator: Authenticator) -> None:
    guesses = [authenticator.authenticate("ann", str(number), "::1") for number in range(20)]
    ended = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(end is None for end in ended) <= 4  # two are checked at a time
    assert sum(isinstance(end, Slowed) for end in ended) >= 16


async def test_a_right_password_is_remembered_for_minutes(
    authenticator: Authenticator, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await authenticator.authenticate("ann", PASSWORD, "::1") == USERS[0]
    began = time.perf_counter()
    for _ in range(100):
        assert await authenticator.authenticate("ann", PASSWORD, "::1") == USERS[0]
    assert (time.perf_counter() - began) / 100 < 0.002  # argon2 takes at least ten times as long
    assert await authenticator.authenticate("ann", PASSWORD + "x", "::1") is None
    clock.now += 301
    assert authenticator._recall(authenticator._proof("ann", PASSWORD)) is None


async def test_the_first_requests_of_a_client_are_one_check(
    authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks: list[str] = []

    def count(password_hash: str, password: str) -> bool:
        checks.append(password)
        return is_password(password_hash, password)

    monkeypatch.setattr("api.authenticator.is_password", count)
    ended = await asyncio.gather(*(authenticator.authenticate("ann", PASSWORD, "::1") for _ in range(50)))
    assert ended == [USERS[0]] * 50
    assert len(checks) <= 2  # two are checked at a time


async def test_memory_is_bounded(clock: Clock) -> None:
    cheap = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("a password")
    authenticator = Authenticator([ApiUser("ann", "viewer", cheap)], clock)
    for number in range(10_200):
        authenticator._count_failure(str(number), "::1")
    assert len(authenticator._failures) == 10_000
    assert await authenticator.authenticate("ann", "a password", "::1") is not None
    assert len(authenticator._remembered) == 1


async def test_an_unknown_user_takes_as_long_as_a_wrong_password(clock: Clock) -> None:
    authenticator = Authenticator([ApiUser("ann", "viewer", hash_password("some password"))], clock)

    async def seconds(name: str, number: int) -> float:
        began = time.process_time()  # of this process alone: others may keep it waiting
        assert await authenticator.authenticate(name, "wrong", str(number)) is None
        return time.process_time() - began

    times = {name: [await seconds(name, number) for number in range(9)] for name in ("ann", "nobody")}
    known, unknown = (statistics.median(times[name]) for name in ("ann", "nobody"))
    assert unknown > known / 2
    assert known > unknown / 2
