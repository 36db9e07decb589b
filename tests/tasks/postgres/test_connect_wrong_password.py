"""A wrong password is tried once: two in a row make Supabase ban the address."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from tasks.errors import WrongPassword
from tasks.postgres.connect import connect, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tests.support.servers import TcpServer, tcp_server
from tests.tasks.postgres.test_connect_secret import MARK, all_that_shows


@pytest.fixture(scope="module")
def strict(server: EmbeddedServer) -> Iterator[TcpServer]:
    with tcp_server(server.psql().parent) as one:
        yield one


async def test_the_right_one_is_taken(strict: TcpServer) -> None:
    async with connected(strict.settings()) as connection:
        assert await connection.fetchval("select current_user") == "retail"


@pytest.mark.parametrize("sslmode", ["prefer", "allow", "disable"])
async def test_a_wrong_one_is_tried_once_and_not_shown(strict: TcpServer, sslmode: str) -> None:
    before = strict.log()
    with pytest.raises(WrongPassword, match="wrong passwords are not retried") as caught:
        await connect(strict.settings(password=SecretStr(MARK), sslmode=sslmode))
    logged = strict.log().removeprefix(before)
    assert logged.count("password authentication failed") == 1
    assert logged.count("connection authenticated") == 0
    assert MARK not in all_that_shows(caught.value)
    assert MARK not in logged


async def test_an_unknown_user_is_tried_once(strict: TcpServer) -> None:
    before = strict.log()
    with pytest.raises(WrongPassword):
        await connect(strict.settings(user="nobody_here"))
    assert strict.log().removeprefix(before).count("password authentication failed") == 1
