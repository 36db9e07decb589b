"""The first login is attempted alone, because Supabase bans an address after a few wrong passwords."""

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
    pool_size_and_overflow,
    project_reference,
)
from tests.support.servers import TcpServer, tcp_server

REF = "abcdefghijklmnopqrst"


@pytest.fixture(scope="module")
def password_server(server: EmbeddedServer) -> Iterator[TcpServer]:
    with tcp_server(server.psql().parent) as server_with_passwords:
        yield server_with_passwords


async def test_twenty_parallel_connections_try_a_wrong_password_once(password_server: TcpServer) -> None:
    wrong = password_server.settings(password=SecretStr("wrong"))
    before = password_server.log().count("password authentication failed")
    results = await asyncio.gather(*(connect(wrong) for _ in range(20)), return_exceptions=True)
    assert {type(result) for result in results} == {WrongPassword}
    assert password_server.log().count("password authentication failed") - before == 1


async def test_a_pool_tries_a_wrong_password_once(password_server: TcpServer) -> None:
    wrong = password_server.settings(password=SecretStr("wrong as well"))
    before = password_server.log().count("password authentication failed")
    async with QueryPool(wrong) as pool:
        results = await asyncio.gather(*(pool.fetch("select 1") for _ in range(10)), return_exceptions=True)
    assert {type(result) for result in results} == {WrongPassword}
    assert password_server.log().count("password authentication failed") - before == 1


async def test_a_later_call_logs_in_after_a_failed_one(password_server: TcpServer) -> None:
    settings = password_server.settings(password=SecretStr("later"))
    with pytest.raises(WrongPassword):
        await connect(settings)
    password_server.sql("alter role retail password 'later'")
    try:
        await (await connect(settings)).close()
    finally:
        password_server.sql(
            f"alter role retail password '{password_server.settings().password.get_secret_value()}'"
        )  # type: ignore[union-attr]


async def test_after_a_password_change_one_connection_tries_alone_again(password_server: TcpServer) -> None:
    await (await connect(password_server.settings())).close()
    password_server.sql("alter role retail password 'changed'")
    try:
        before = password_server.log().count("password authentication failed")
        with pytest.raises(WrongPassword):
            await connect(password_server.settings())
        results = await asyncio.gather(
            *(connect(password_server.settings()) for _ in range(10)), return_exceptions=True
        )
        assert {type(result) for result in results} == {WrongPassword}
        assert password_server.log().count("password authentication failed") - before == 2
    finally:
        password_server.sql(
            f"alter role retail password '{password_server.settings().password.get_secret_value()}'"
        )  # type: ignore[union-attr]


async def test_a_failed_connection_releases_its_slot(password_server: TcpServer) -> None:
    wrong = replace(password_server.settings(password=SecretStr("again wrong")), pool_size=1, max_overflow=0)
    for _ in range(3):
        with pytest.raises(WrongPassword):
            await connect(wrong)


@pytest.mark.parametrize(
    ("address", "method", "limits", "project"),
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
def test_connection_methods(
    address: str, method: ConnectionMethod, limits: tuple[int, int], project: str | None
) -> None:
    settings = from_url(f"postgresql://{address}/postgres")
    assert connection_method(settings) is method
    assert pool_size_and_overflow(settings) == limits
    assert project_reference(settings) == project


def test_explicit_pool_sizes_override_the_defaults() -> None:
    settings = from_url(f"postgresql://postgres.{REF}@aws-0-eu-west-2.pooler.supabase.com/postgres")
    assert pool_size_and_overflow(replace(settings, pool_size=2, max_overflow=0)) == (2, 0)


@pytest.mark.parametrize(
    "host", [f"db.{REF}.supabase.co", "aws-0-eu-west-2.pooler.supabase.com", "db.example.com"]
)
def test_transaction_poolers_of_any_host_are_rejected(host: str) -> None:
    with pytest.raises(RetailError, match=r"transaction-mode pooler.*same address with port 5432"):
        check_for_loads(ConnectionSettings(host, 6543, user=f"postgres.{REF}"))


def test_shared_pooler_user_needs_the_project_reference() -> None:
    with pytest.raises(RetailError, match=r"project reference, such as postgres\."):
        check_for_loads(ConnectionSettings("aws-0-eu-west-2.pooler.supabase.com", user="postgres"))


def test_network_ban_advice_only_for_supabase() -> None:
    assert "Network Bans" in network_ban_advice(ConnectionSettings(f"db.{REF}.supabase.co"))
    assert network_ban_advice(ConnectionSettings("db.example.com")) == ""
