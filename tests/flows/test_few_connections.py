"""A role with two connections can load; with one the run says what it lacks, and how to get it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from tasks.postgres.embedded.server import EmbeddedServer
from tests.flows.conftest import Retail
from tests.support.alert_receivers import HEAD, LINE
from tests.support.servers import PASSWORD, tcp_server


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1, 2])
async def test_limit_of_the_role(retail: Retail, server: EmbeddedServer, tmp_path: Path, limit: int) -> None:
    (tmp_path / "till.csv").write_text(f"{HEAD}\n{LINE}\n")
    seconds = {1: 2, 2: 30}[limit]
    with tcp_server(server.psql().parent) as tcp:
        tcp.sql(f"alter role retail connection limit {limit}")
        address = f"127.0.0.1:{tcp.port}/retail?sslmode=disable&connect_timeout={seconds}"
        url = f"postgresql://retail:{quote(PASSWORD, safe='')}@{address}"
        ended = retail("etl", str(tmp_path / "till.csv"), "--retries", "0", DATABASE_URL=url)
        loaded = tcp.sql("select count(*) from retail_dwh.fact_sale", "retail") if limit == 2 else ""
    if limit == 2:
        assert (ended.code, loaded) == (0, "1"), ended.err
        return
    assert ended.code == 1
    message = ended.err.splitlines()[-1]
    assert 'no connection within 2 s: too many connections for role "retail".' in message
    assert "alter role ... connection limit" in message
    assert "Check host and port" not in message
