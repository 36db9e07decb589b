"""The warehouse goes away for good in the middle of a run: one wait in all, one line, one object."""

from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.migrate import migrate
from tests.flows.conftest import base_environment
from tests.support.held_run import held_run
from tests.support.prefect_server import PrefectServer
from tests.support.servers import PASSWORD, tcp_server

pytestmark = pytest.mark.slow

# Longer than all else that the end of a run takes on a busy machine.
_WAIT = 15


async def test_one_wait(
    server: EmbeddedServer, prefect_server: PrefectServer, days: Path, tmp_path: Path
) -> None:
    with tcp_server(server.psql().parent) as small:
        address = small.settings()
        await migrate(address)
        url = address.display.replace("@", f":{quote(PASSWORD, safe='')}@", 1)
        environment = {
            **base_environment(tmp_path / "data"),
            **prefect_server.environment(),
            "DATABASE_URL": f"{url}?sslmode=disable&connect_timeout={_WAIT}",
        }
        arguments = ["etl", str(days / "2010-12-05.csv"), "--retries", "2", "--json"]
        async with held_run(address, environment, arguments) as run:
            small.kill()
            began = time.monotonic()
            code, out, err = await run.end()
            took = time.monotonic() - began
    assert code == 1, err
    assert "Traceback" not in err
    report = json.loads(out.splitlines()[-1])
    assert (report["status"], report["error_type"]) == ("failed", "WarehouseUnreachable")
    assert json.loads(Path(report["report_path"]).read_text())["status"] == "failed"
    # The load, its retries, the record of the run and its end: each of them would wait as long.
    assert took < 2 * _WAIT
