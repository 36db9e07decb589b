"""The deployment ``retail-etl/daily``: registered by prefect.yaml, run by a process worker."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.conftest import Retail
from tests.support.prefect_server import PrefectServer

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def prefect(retail: Retail) -> list[str]:
    return [sys.executable, "-m", "prefect", "--no-prompt"]


def test_deploy_and_run(
    retail: Retail, prefect: list[str], prefect_server: PrefectServer, days: Path, tmp_path: Path
) -> None:
    made = retail.run([*prefect, "work-pool", "create", "retail", "--type", "process", "--overwrite"])
    assert made.code == 0, made.err
    for _ in range(2):
        deployed = retail.run([*prefect, "deploy", "--all", "--prefect-file", str(PROJECT / "prefect.yaml")])
        assert deployed.code == 0, deployed.err + deployed.out
    of_pool = {"work_pools": {"name": {"any_": ["retail"]}}}
    found = {one["name"]: one for one in prefect_server.get("/deployments/filter", of_pool)}
    assert set(found) == {"daily", "hourly", "crashed"}
    form = found["daily"]["parameter_openapi_schema"]["properties"]
    assert "worker" in form["sources"]["description"]
    assert all(one.get("description") for one in form.values())

    with open(tmp_path / "worker.log", "wb") as log:
        worker = subprocess.Popen(
            [*prefect, "worker", "start", "--pool", "retail"],
            env=retail.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        sources = f'sources=["{days / "2010-12-05.csv"}"]'
        watched = retail.run(
            [*prefect, "deployment", "run", "retail-etl/daily", "--param", sources, "--watch"], 150
        )
        log_text = (tmp_path / "worker.log").read_text()
        assert watched.code == 0, watched.out + watched.err + log_text
        failing = retail.run(
            [
                *prefect,
                "deployment",
                "run",
                "retail-etl/daily",
                "--param",
                'sources=["/nowhere.csv"]',
                "--watch",
            ],
            150,
        )
        assert failing.code == 1
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    asked = retail("sql", "select count(*) from retail_dwh.fact_sale")
    assert int(asked.out.splitlines()[1]) > 2_000
