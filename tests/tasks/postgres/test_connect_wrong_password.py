"""A wrong password is tried once: after two in a row Supabase bans the address."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from tasks.errors import WrongPassword
from tasks.postgres.connect import connect, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tests.support.servers import TcpServer, tcp_server
from tests.tasks.postgres.test_connect_secret import MARK, visible_texts


@pytest.fixture(scope="module")
def password_server(server: EmbeddedServer) -> Iterator[TcpServer]:
    with tcp_server(server.psql().parent) as server_with_passwords:
        yield server_with_passwords


async def test_the_right_password_is_accepted(password_server: TcpServer) -> None:
    async with connected(password_server.settings()) as connection:
        assert await connection.fetchval("select current_user") == "retail"


@pytest.mark.parametrize("sslmode", ["prefer", "allow", "disable"])
async def test_a_wrong_password_is_tried_once_and_not_shown(password_server: TcpServer, sslmode: str) -> None:
    before = password_server.log()
    with pytest.raises(WrongPassword, match="wrong passwords are not retried") as caught:
        await connect(password_server.settings(password=SecretStr(MARK), sslmode=sslmode))
    logged = password_server.log().removeprefix(before)
    assert logged.count("password authentication failed") == 1
    assert logged.count("connection authenticated") == 0
    assert MARK not in visible_texts(caught.value)
    assert MARK not in logged


async def test_an_unknown_user_is_tried_once(password_server: TcpServer) -> None:
    before = password_server.log()
    with pytest.raises(WrongPassword):
        await connect(password_server.settings(user="nobody_here"))
    assert password_server.log().removeprefix(before).count("password authentication failed") == 1
