"""A wrong password is tried only once: two of them ban the address at Supabase."""

from __future__ import annotations

from pydantic import SecretStr

from tests.support.examination import OK, PROBLEM, checks_with, examine_warehouse
from tests.support.servers import TcpServer

MARK = "xq7Kmarked"


async def test_wrong_password_is_tried_once_and_not_shown(cluster: TcpServer) -> None:
    before = cluster.log()
    findings = await examine_warehouse(cluster.settings(password=SecretStr(MARK), sslmode="disable"))
    logged = cluster.log().removeprefix(before)
    assert logged.count("connection received") == 1
    assert logged.count("password authentication failed") == 1
    assert checks_with(PROBLEM, findings) == {"connection"}
    assert checks_with(OK, findings) == {"way in", "host"}
    assert "No further login was tried" in findings["connection"].fix
    assert MARK not in str(findings)


async def test_missing_database(cluster: TcpServer) -> None:
    findings = await examine_warehouse(cluster.settings(database="nowhere"))
    assert checks_with(PROBLEM, findings) == {"connection"}
    assert "nowhere" in findings["connection"].what
