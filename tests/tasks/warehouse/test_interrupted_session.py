"""The server terminates a session, and the next command arrives before the connection closes: a transient error."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext

import asyncpg
import pytest

from tasks.errors import ConnectionInterrupted
from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.cutting_proxy import Cut, cutting


async def _execute_in_terminated_session(
    through: ConnectionSettings, other: asyncpg.Connection, command: str, in_transaction: bool
) -> None:
    arguments = [1] if "$1" in command else []
    async with connected(through) as connection:
        pid = await connection.fetchval("select pg_backend_pid()")
        async with connection.transaction() if in_transaction else nullcontext():
            await other.execute("select pg_terminate_backend($1)", pid)
            await asyncio.sleep(0.2)  # until the server's last message has arrived
            await connection.execute(command, *arguments)


@pytest.mark.parametrize(
    ("command", "in_transaction"), [("select 1", False), ("select $1::integer", False), ("select 1", True)]
)
async def test_a_terminated_session_counts_as_a_lost_connection(
    warehouse: ConnectionSettings, command: str, in_transaction: bool
) -> None:
    async with connected(warehouse) as other, cutting(warehouse, Cut(keeps_open=True)) as through:
        with pytest.raises(ConnectionInterrupted, match="the connection was lost"):
            await _execute_in_terminated_session(through, other, command, in_transaction)
