"""The query pool: limits, broken connections, event loops, errors."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace

import asyncpg
import pytest

from tasks.errors import ReadOnlyWarehouse, WarehouseBusy, WarehouseError
from tasks.postgres.connect import ConnectionSettings, connect, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.postgres.pool import QueryPool
from tests.support.servers import TcpServer, tcp_server

SLEEP = "select pg_backend_pid() as pid, pg_sleep($1)"


@pytest.fixture
def own(server: EmbeddedServer) -> Iterator[TcpServer]:
    """A server that a test can stop."""
    with tcp_server(server.psql().parent) as tcp:
        yield tcp


async def pids(pool: QueryPool, users: int, seconds: float) -> set[int]:
    """Run ``users`` queries of ``seconds`` in parallel and return the server processes that ran them."""
    return {
        rows[0]["pid"] for rows in await asyncio.gather(*(pool.fetch(SLEEP, seconds) for _ in range(users)))
    }


async def test_the_31st_query_waits_for_a_connection(warehouse: ConnectionSettings) -> None:
    async with QueryPool(warehouse) as pool:
        assert len(await pids(pool, 31, 0.5)) == 30


async def test_a_query_times_out_when_all_connections_are_in_use(warehouse: ConnectionSettings) -> None:
    async with QueryPool(warehouse, wait_seconds=0.3) as pool, asyncio.TaskGroup() as others:
        for _ in range(30):
            others.create_task(pool.fetch(SLEEP, 1.5))
        await asyncio.sleep(0.7)
        with pytest.raises(WarehouseBusy, match=r"all 30 connections of the pool.*RETAIL_POOL_SIZE"):
            await pool.fetch("select 1")


async def test_explicit_pool_sizes(warehouse: ConnectionSettings) -> None:
    async with QueryPool(replace(warehouse, pool_size=1, max_overflow=1)) as pool:
        assert len(await pids(pool, 5, 0.05)) == 2


async def test_ten_connections_stay_open(warehouse: ConnectionSettings) -> None:
    async with QueryPool(warehouse) as pool:
        first = await pids(pool, 30, 0.3)
        second = await pids(pool, 10, 0.1)
        assert second <= first
        async with connected(warehouse) as connection:
            idle = await connection.fetchval(
                "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            )
        assert idle == 10


async def test_loads_and_pool_share_the_connection_limit(warehouse: ConnectionSettings) -> None:
    small = replace(warehouse, pool_size=1, max_overflow=1, connect_seconds=0.3)
    load = await connect(small)
    async with QueryPool(small) as pool, pool.connection():
        with pytest.raises(WarehouseBusy, match="all 2 connections of this process"):
            await connect(small)
        await load.close()
        await (await connect(small)).close()


async def test_an_idle_pool_survives_a_server_restart(own: TcpServer) -> None:
    async with QueryPool(own.settings()) as pool:
        before = await pids(pool, 5, 0.1)
        own.kill()
        own.start()
        after = await pids(pool, 5, 0.1)
    assert before.isdisjoint(after)


async def test_an_idle_connection_that_was_terminated(warehouse: ConnectionSettings) -> None:
    async with QueryPool(warehouse) as pool:
        (first,) = await pids(pool, 1, 0)
        async with connected(warehouse) as other:
            # Waits until the process is gone: before that it may still take a query, and lose it.
            assert await other.fetchval("select pg_terminate_backend($1, 10000)", first)
        assert await pids(pool, 1, 0) != {first}


def test_each_event_loop_has_its_own_connections(warehouse: ConnectionSettings) -> None:
    pool = QueryPool(warehouse)
    processes: list[set[int]] = []

    async def ask() -> None:
        async with pool:
            processes.append(await pids(pool, 2, 0.1))

    asyncio.run(ask())
    thread = threading.Thread(target=asyncio.run, args=(ask(),))
    thread.start()
    thread.join()
    assert len(processes) == 2
    assert processes[0].isdisjoint(processes[1])


async def test_leaving_the_pool_closes_its_connections(warehouse: ConnectionSettings) -> None:
    async with QueryPool(warehouse) as pool:
        await pids(pool, 5, 0.1)
    async with connected(warehouse) as connection:
        others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        for _ in range(50):
            if await connection.fetchval(others) == 0:
                break
            await asyncio.sleep(0.1)
        assert await connection.fetchval(others) == 0


async def test_an_open_transaction_is_rolled_back(warehouse: ConnectionSettings) -> None:
    async with QueryPool(replace(warehouse, pool_size=1, max_overflow=0)) as pool:
        async with pool.connection() as connection:
            await connection.execute("begin; create table retail_dwh.left_open ()")
        assert (await pool.fetch("select to_regclass('retail_dwh.left_open') as relation"))[0][
            "relation"
        ] is None


async def test_a_cancelled_query_leaves_the_pool_usable(warehouse: ConnectionSettings) -> None:
    async with QueryPool(replace(warehouse, pool_size=1, max_overflow=0)) as pool:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await pool.fetch("select pg_sleep(30)")
        async with asyncio.timeout(5):
            assert (await pool.fetch("select 1 as value"))[0]["value"] == 1


async def test_driver_errors_are_mapped(warehouse: ConnectionSettings) -> None:
    async with QueryPool(warehouse, statement_timeout=0.2) as pool:
        with pytest.raises(WarehouseError, match="no_such_table"):
            await pool.fetch("select * from no_such_table")
        with pytest.raises(WarehouseError, match="time limit"):
            await pool.fetch("select pg_sleep(5)")
        async with pool.connection() as connection:
            await connection.execute("set default_transaction_read_only = on")
            with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                await connection.execute("create table refused ()")
        with pytest.raises(ReadOnlyWarehouse):
            async with pool.connection() as connection, connection.transaction(readonly=True):
                await connection.execute("create table refused ()")
