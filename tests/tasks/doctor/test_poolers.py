"""Poolers: one in transaction mode is found out on whatever port, one in session mode is as good as the server."""

from __future__ import annotations

from dataclasses import replace

from tests.support.examination import OK, PROBLEM, SKIPPED, examine_warehouse, statuses
from tests.support.poolers import pgbouncer
from tests.support.servers import TcpServer


async def test_transaction_mode_is_found_out_on_any_port(cluster: TcpServer) -> None:
    with pgbouncer(cluster, "transaction") as port:
        found = await examine_warehouse(replace(cluster.settings(), port=port))
    assert statuses(found, PROBLEM) == {"session"}
    assert "transaction-mode pooler" in found["session"].what
    assert "session mode" in found["session"].fix
    assert found["loads"].status is SKIPPED


async def test_session_mode_is_as_good(cluster: TcpServer) -> None:
    with pgbouncer(cluster, "session") as port:
        found = await examine_warehouse(replace(cluster.settings(), port=port))
    assert statuses(found, PROBLEM) == set()
    assert found["session"].status is OK
    assert found["server version"].what == "PostgreSQL 18.6"


async def test_one_connection_is_enough_to_look(cluster: TcpServer) -> None:
    found = await examine_warehouse(cluster.settings(pool_size=1, max_overflow=0, connect_seconds=2))
    assert statuses(found, SKIPPED) == {"session"}
    assert found["loads"].status is OK
