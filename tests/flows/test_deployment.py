"""The deployment ``retail-etl/daily``: registered by prefect.yaml, run by a process worker."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.flows.conftest import Ended, Retail
from tests.support.prefect_server import PrefectServer

PROJECT = Path(__file__).parents[2]
PREFECT = [sys.executable, "-m", "prefect", "--no-prompt"]


def deploy(retail: Retail, *, times: int = 1) -> None:
    made = retail.run([*PREFECT, "work-pool", "create", "retail", "--type", "process", "--overwrite"])
    assert made.code == 0, made.err
    for _ in range(times):
        deployed = retail.run([*PREFECT, "deploy", "--all", "--prefect-file", str(PROJECT / "prefect.yaml")])
        assert deployed.code == 0, deployed.err + deployed.out


@contextmanager
def worker(retail: Retail, log: Path) -> Iterator[None]:
    with open(log, "wb") as file:
        process = subprocess.Popen(
            [*PREFECT, "worker", "start", "--pool", "retail"],
            env={**retail.environment, "PREFECT_WORKER_QUERY_SECONDS": "1"},
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def watch(retail: Retail, source: Path) -> Ended:
    """Run the deployment, and wait for the end of the run."""
    command = [*PREFECT, "deployment", "run", "retail-etl/daily", "--watch"]
    return retail.run([*command, "--param", f'sources=["{source}"]'], 150)


@pytest.mark.slow
def test_deploy_and_run(retail: Retail, prefect_server: PrefectServer, days: Path, tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    deploy(retail)
    of_pool = {"work_pools": {"name": {"any_": ["retail"]}}}
    deployments = prefect_server.get("/deployments/filter", of_pool)
    assert sorted(deployment["name"] for deployment in deployments) == [
        *(
            "crashed",
            "daily",
            "drill",
            "full",
            "full",
            "full",
            "hourly",
            "hourly",
            "table",
            "table",
            "weekly",
        ),
    ]
    forms = {
        deployment["name"]: deployment["parameter_openapi_schema"]["properties"] for deployment in deployments
    }
    assert "worker" in forms["daily"]["sources"]["description"]
    assert all(field.get("description") for form in forms.values() for field in form.values())

    with worker(retail, log):
        watched = watch(retail, days / "2010-12-05.csv")
    assert watched.code == 0, watched.out + watched.err + log.read_text()
    asked = retail("sql", "select count(*) from retail_dwh.fact_sale")
    assert int(asked.out.splitlines()[1]) > 2_000


@pytest.mark.slow
def test_deployed_twice_and_a_run_that_fails(
    retail: Retail, prefect_server: PrefectServer, tmp_path: Path
) -> None:
    deploy(retail, times=2)
    of_pool = {"work_pools": {"name": {"any_": ["retail"]}}}
    assert len(prefect_server.get("/deployments/filter", of_pool)) == 11
    with worker(retail, tmp_path / "worker.log"):
        assert watch(retail, Path("/nowhere.csv")).code == 1
    assert "no such file" in (tmp_path / "worker.log").read_text()
