"""A wrong password is tried once, whatever else there would be to look at: two of them ban the address at Supabase."""

from __future__ import annotations

from pydantic import SecretStr

from tests.support.examination import OK, PROBLEM, examine_warehouse, statuses
from tests.support.servers import TcpServer

MARK = "xq7Kmarked"


async def test_a_wrong_password_is_tried_once_and_not_shown(cluster: TcpServer) -> None:
    before = cluster.log()
    found = await examine_warehouse(cluster.settings(password=SecretStr(MARK), sslmode="disable"))
    logged = cluster.log().removeprefix(before)
    assert logged.count("connection received") == 1
    assert logged.count("password authentication failed") == 1
    assert statuses(found, PROBLEM) == {"connection"}
    assert statuses(found, OK) == {"way in", "host"}
    assert "Nothing more was tried" in found["connection"].fix
    assert MARK not in str(found)


async def test_a_missing_database_is_told(cluster: TcpServer) -> None:
    found = await examine_warehouse(cluster.settings(database="nowhere"))
    assert statuses(found, PROBLEM) == {"connection"}
    assert "nowhere" in found["connection"].what
