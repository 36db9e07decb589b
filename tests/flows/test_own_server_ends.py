"""The Prefect server that a run starts for itself ends with the run, also after a SIGKILL; older ones are named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from blocks import own_server
from tasks.doctor.orphans import examine_orphans, orphaned_servers
from tests.flows.conftest import Retail, base_environment

_ARGUMENTS = (
    "--factory prefect.server.api.server:create_app --host 127.0.0.1 --port 1 --log-level error --lifespan on"
)


def _servers(pid: int) -> list[psutil.Process]:
    try:
        children = psutil.Process(pid).children(recursive=True)
        return [child for child in children if "create_app" in " ".join(child.cmdline())]
    except psutil.Error:
        return []


@pytest.mark.slow
def test_a_killed_run_leaves_nothing_running(days: Path, tmp_path: Path) -> None:
    environment = {**base_environment(tmp_path / "data"), "PREFECT_HOME": str(tmp_path / "prefect")}
    run = subprocess.Popen(
        [sys.executable, "-m", "flows", "etl", "--dry-run", str(days)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 90
    while not (servers := _servers(run.pid)):
        assert run.poll() is None
        assert time.monotonic() < end
        time.sleep(0.1)
    time.sleep(2)  # it has begun to import the server
    run.kill()
    run.wait()
    _, alive = psutil.wait_procs(servers, timeout=20)
    for server in alive:
        server.kill()
    assert alive == []


@pytest.fixture
def orphan(tmp_path: Path) -> Iterator[int]:
    """A process with the command line and Prefect's folder of an older release's server, whose run is gone."""
    folder = Path(tempfile.mkdtemp(prefix="retail-orphan-"))
    pid_file = folder / "pid"
    server = f"import sys, time; time.sleep(600)  # {_ARGUMENTS}"
    run = (
        "import subprocess, sys\n"
        f"server = subprocess.Popen([sys.executable, '-c', {server!r}, *{_ARGUMENTS.split()!r}])\n"
        f"open({str(pid_file)!r}, 'w').write(str(server.pid))\n"
    )
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path / "prefect")}
    subprocess.run([sys.executable, "-c", run], env=environment, check=True, start_new_session=True)
    pid = int(pid_file.read_text())
    yield pid
    os.kill(pid, 9)
    shutil.rmtree(folder)


def test_an_orphan_is_named(orphan: int, tmp_path: Path) -> None:
    assert [server.pid for server in orphaned_servers(tmp_path / "prefect")] == [orphan]
    assert orphaned_servers(tmp_path / "another") == ()
    (finding,) = examine_orphans(tmp_path / "prefect")
    assert finding.status == "warning"
    assert f"process {orphan}," in finding.what
    assert finding.fix.startswith("End it: kill ")


@pytest.mark.slow
def test_the_next_run_and_the_doctor_name_it(orphan: int, plain_retail: Retail, days: Path) -> None:
    ran = plain_retail("etl", str(days / "2010-12-05.csv"), "--dry-run")
    assert ran.code == 0, ran.err
    assert f"process {orphan}," in ran.err
    assert "End it: kill " in ran.err
    looked = plain_retail("doctor", "--json")
    (leftovers,) = [each for each in looked.report["findings"] if each["check"] == "leftovers"]
    assert (leftovers["status"], f"process {orphan}," in leftovers["what"]) == ("warning", True)


def test_the_server_of_a_living_run_is_none(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(600)", *_ARGUMENTS.split()]
    server = subprocess.Popen(command, env={**os.environ, "PREFECT_HOME": str(tmp_path)})
    try:
        assert orphaned_servers(tmp_path) == ()
    finally:
        server.kill()
        server.wait()


def test_the_own_server_of_a_living_command_is_none(tmp_path: Path) -> None:
    readable, writable = os.pipe()
    command = [sys.executable, "-P", str(own_server._SERVER), str(readable), *_ARGUMENTS.split()]
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path)}
    server = subprocess.Popen(command, env=environment, pass_fds=[readable], start_new_session=True)
    try:
        assert orphaned_servers(tmp_path) == ()
    finally:
        server.kill()
        server.wait()
        os.close(readable)
        os.close(writable)
