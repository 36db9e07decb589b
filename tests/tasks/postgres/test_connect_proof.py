"""One connection is proven before many are opened: wrong passwords are counted where they ban the address."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from tasks.errors import RetailError, WrongPassword
from tasks.postgres.connect import connect
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.postgres.pool import QueryPool
from tasks.postgres.settings import ConnectionSettings, from_url
from tasks.postgres.supabase import (
    ConnectionMethod,
    check_for_loads,
    connection_method,
    network_ban_advice,
    pool_limits,
    project_reference,
)
from tests.support.servers import TcpServer, tcp_server

REF = "abcdefghijklmnopqrst"


@pytest.fixture(scope="module")
def strict(server: EmbeddedServer) -> Iterator[TcpServer]:
    with tcp_server(server.psql().parent) as one:
        yield one


async def test_twenty_at_once_with_a_wrong_password_try_it_once(strict: TcpServer) -> None:
    wrong = strict.settings(password=SecretStr("wrong"))
    before = strict.log().count("password authentication failed")
    ends = await asyncio.gather(*(connect(wrong) for _ in range(20)), return_exceptions=True)
    assert {type(end) for end in ends} == {WrongPassword}
    assert strict.log().count("password authentication failed") - before == 1


async def test_so_does_a_pool(strict: TcpServer) -> None:
    wrong = strict.settings(password=SecretStr("wrong as well"))
    before = strict.log().count("password authentication failed")
    async with QueryPool(wrong) as pool:
        ends = await asyncio.gather(*(pool.fetch("select 1") for _ in range(10)), return_exceptions=True)
    assert {type(end) for end in ends} == {WrongPassword}
    assert strict.log().count("password authentication failed") - before == 1


async def test_a_later_call_tries_again(strict: TcpServer) -> None:
    settings = strict.settings(password=SecretStr("later"))
    with pytest.raises(WrongPassword):
        await connect(settings)
    strict.sql("alter role retail password 'later'")
    try:
        await (await connect(settings)).close()
    finally:
        strict.sql(f"alter role retail password '{strict.settings().password.get_secret_value()}'")  # type: ignore[union-attr]


async def test_after_a_password_was_changed_one_tries_alone_again(strict: TcpServer) -> None:
    await (await connect(strict.settings())).close()
    strict.sql("alter role retail password 'changed'")
    try:
        before = strict.log().count("password authentication failed")
        with pytest.raises(WrongPassword):
            await connect(strict.settings())
        ends = await asyncio.gather(*(connect(strict.settings()) for _ in range(10)), return_exceptions=True)
        assert {type(end) for end in ends} == {WrongPassword}
        assert strict.log().count("password authentication failed") - before == 2
    finally:
        strict.sql(f"alter role retail password '{strict.settings().password.get_secret_value()}'")  # type: ignore[union-attr]


async def test_a_failed_opening_gives_its_place_back(strict: TcpServer) -> None:
    wrong = replace(strict.settings(password=SecretStr("again wrong")), pool_size=1, max_overflow=0)
    for _ in range(3):
        with pytest.raises(WrongPassword):
            await connect(wrong)


@pytest.mark.parametrize(
    ("place", "way", "limits", "project"),
    [
        (f"postgres@db.{REF}.supabase.co:5432", ConnectionMethod.DIRECT, (10, 20), REF),
        (f"postgres@db.{REF}.supabase.co:6543", ConnectionMethod.DEDICATED_POOLER, (10, 20), REF),
        (
            f"postgres.{REF}@aws-0-eu-west-2.pooler.supabase.com:5432",
            ConnectionMethod.SESSION_POOLER,
            (5, 5),
            REF,
        ),
        (
            f"postgres.{REF}@aws-0-eu-west-2.pooler.supabase.com:6543",
            ConnectionMethod.TRANSACTION_POOLER,
            (10, 20),
            REF,
        ),
        ("postgres@AWS-1-EU.POOLER.SUPABASE.COM.:5432", ConnectionMethod.SESSION_POOLER, (5, 5), None),
        ("ann@db.example.com:5432", ConnectionMethod.POSTGRES, (10, 20), None),
        ("ann@not-supabase.co:5432", ConnectionMethod.POSTGRES, (10, 20), None),
    ],
)
def test_the_ways_in(place: str, way: ConnectionMethod, limits: tuple[int, int], project: str | None) -> None:
    settings = from_url(f"postgresql://{place}/postgres")
    assert connection_method(settings) is way
    assert pool_limits(settings) == limits
    assert project_reference(settings) == project


def test_sizes_that_are_set_beat_those_of_the_way() -> None:
    settings = from_url(f"postgresql://postgres.{REF}@aws-0-eu-west-2.pooler.supabase.com/postgres")
    assert pool_limits(replace(settings, pool_size=2, max_overflow=0)) == (2, 0)


@pytest.mark.parametrize(
    "host", [f"db.{REF}.supabase.co", "aws-0-eu-west-2.pooler.supabase.com", "db.example.com"]
)
def test_transaction_poolers_are_refused_whose_ever_they_are(host: str) -> None:
    with pytest.raises(RetailError, match=r"transaction-mode pooler.*same address with port 5432"):
        check_for_loads(ConnectionSettings(host, 6543, user=f"postgres.{REF}"))


def test_a_user_without_the_project_is_refused_at_the_shared_pooler() -> None:
    with pytest.raises(RetailError, match=r"project reference, such as postgres\."):
        check_for_loads(ConnectionSettings("aws-0-eu-west-2.pooler.supabase.com", user="postgres"))


def test_the_ban_is_told_of_where_there_is_one() -> None:
    assert "Network Bans" in network_ban_advice(ConnectionSettings(f"db.{REF}.supabase.co"))
    assert network_ban_advice(ConnectionSettings("db.example.com")) == ""
