"""Poolers: transaction mode is detected on any port, session mode works like a direct connection."""

from __future__ import annotations

from dataclasses import replace

from tests.support.examination import OK, PROBLEM, SKIPPED, checks_with, examine_warehouse
from tests.support.poolers import pgbouncer
from tests.support.servers import TcpServer


async def test_transaction_mode_is_detected_on_any_port(cluster: TcpServer) -> None:
    with pgbouncer(cluster, "transaction") as port:
        findings = await examine_warehouse(replace(cluster.settings(), port=port))
    assert checks_with(PROBLEM, findings) == {"session"}
    assert "transaction-mode pooler" in findings["session"].what
    assert "session mode" in findings["session"].fix
    assert findings["loads"].status is SKIPPED


async def test_session_mode_works(cluster: TcpServer) -> None:
    with pgbouncer(cluster, "session") as port:
        findings = await examine_warehouse(replace(cluster.settings(), port=port))
    assert checks_with(PROBLEM, findings) == set()
    assert findings["session"].status is OK
    assert findings["server version"].what == "PostgreSQL 18.6"


async def test_single_connection_skips_only_the_session_check(cluster: TcpServer) -> None:
    findings = await examine_warehouse(cluster.settings(pool_size=1, max_overflow=0, connect_seconds=2))
    assert checks_with(SKIPPED, findings) == {"session"}
    assert findings["loads"].status is OK
