"""No statement of ours is compiled (JIT): an estimate that is too high would cost more than the statement."""

from __future__ import annotations

import json

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.pool import QueryPool
from tasks.warehouse.finish import finish_query
from tasks.warehouse.migrate import migrate
from tests.support.servers import debian_binaries, tcp_server


async def test_on_any_connection(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as connection:
        assert await connection.fetchval("show jit") == "off"
    async with QueryPool(warehouse) as pool, pool.connection() as connection:
        assert await connection.fetchval("show jit") == "off"


@pytest.mark.slow
async def test_the_figures_of_a_large_warehouse() -> None:
    """The sum over all lines makes their query look dear, though a day's run never takes it."""
    with tcp_server(debian_binaries()) as server:
        await migrate(server.settings())
        server.sql(f"alter database {server.settings().database} set jit_above_cost = 1")
        async with connected(server.settings()) as connection:
            (plan,) = json.loads(
                await connection.fetchval(f"explain (analyze, format json) {finish_query(2_000)}")
            )
        assert "Plan" in plan
        assert "JIT" not in plan
