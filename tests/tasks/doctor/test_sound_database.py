"""A healthy database: every check runs and none finds a problem."""

from __future__ import annotations

from tasks.doctor.database import examine_database
from tasks.doctor.finding import Status
from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.examination import examine_warehouse
from tests.support.servers import TcpServer

ALL_CHECKS = {
    "way in",
    "connection",
    "encryption",
    "session",
    "server version",
    "loads",
    "schema upgrades",
    "backups",
    "statement timeout",
    "connections",
    "writes",
    "encoding",
    "size",
    "schema",
    "schema public",
    "readers",
    "clock",
}


async def test_every_check_runs_and_is_ok(warehouse: ConnectionSettings) -> None:
    examined = await examine_database(warehouse)
    assert {finding.check for finding in examined.findings} == ALL_CHECKS
    assert {finding.status for finding in examined.findings} == {Status.OK}, examined.findings
    assert examined.major == 18


async def test_no_connection_is_left_open(warehouse: ConnectionSettings) -> None:
    await examine_warehouse(warehouse)
    others = "backend_type = 'client backend' and pid <> pg_backend_pid() and datname = current_database()"
    async with connected(warehouse) as connection:
        await connection.execute("select pg_sleep(0.2)")
        assert await connection.fetchval(f"select count(*) from pg_stat_activity where {others}") == 0


async def test_statement_timeout_of_the_role_is_shown(cluster: TcpServer) -> None:
    cluster.sql("alter role retail set statement_timeout = '2min'")
    finding = (await examine_warehouse(cluster.settings()))["statement timeout"]
    cluster.sql("alter role retail reset statement_timeout")
    assert finding.status is Status.OK
    assert "the role's own is 120 s" in finding.what
