"""A command from the fork server behaves like one that a new interpreter runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support import commands

# Like the command line, it changes the environment before it imports Prefect.
PROBE = """
import logging, os, sys
os.environ["PREFECT_LOGGING_LEVEL"] = "ERROR"
import prefect
from prefect.settings import get_current_settings
settings = get_current_settings()
print(sys.argv, os.getcwd(), sys.path[0], sorted(os.environ), sys.stdin.read(), __name__)
print(settings.api.url, settings.home, logging.getLogger("prefect").level, prefect.__spec__.name)
os.environ["PREFECT_LOGGING_LEVEL"] = "CRITICAL"
from prefect import flow
print(logging.getLogger("prefect").level, flow.__module__, get_current_settings().logging.level)
print("an error", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.chdir(tmp_path)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return {
        **kept,
        "PREFECT_HOME": str(tmp_path),
        "PREFECT_API_URL": "http://127.0.0.1:9/api",
        "DO_NOT_TRACK": "1",
    }


@pytest.mark.parametrize("code", [0, 7])
def test_same_output_and_return_code(code: int, environment: dict[str, str]) -> None:
    Path("probe.py").write_text(PROBE)
    command = [sys.executable, "-m", "probe", str(code)]
    fresh = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    forked = commands.run("probe", [str(code)], environment, 60)
    assert (forked.returncode, forked.stdout, forked.stderr) == (code, fresh.stdout, fresh.stderr)
    assert "http://127.0.0.1:9/api" in forked.stdout


def test_an_exception_is_code_1_with_a_traceback(environment: dict[str, str]) -> None:
    Path("failing.py").write_text("raise ValueError('of the command')")
    failed = commands.run("failing", [], environment, 60)
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1] == "ValueError: of the command"


def test_code_in_place_of_a_module(environment: dict[str, str]) -> None:
    code = "import sys; print(sys.argv, sys.path[0], __name__, sys.modules['__main__'].__dict__ is globals())"
    forked = commands.run("-c", [code, "x"], environment, 60)
    assert (forked.returncode, forked.stdout) == (0, "['-c', 'x']  __main__ True\n"), forked.stderr


def test_project_code_is_imported_by_each_command(environment: dict[str, str]) -> None:
    names = "('flows', 'tasks', 'blocks', 'deployments', 'prefect', 'polars', 'tests.support')"
    Path("modules.py").write_text(f"import sys; print([name for name in {names} if name in sys.modules])")
    assert commands.run("modules", [], environment, 60).stdout == "[]\n"


def test_a_command_that_takes_too_long_is_killed(environment: dict[str, str]) -> None:
    Path("slow.py").write_text("import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)")
    with pytest.raises(subprocess.TimeoutExpired):
        commands.run("slow", [], environment, 3)
    psutil.wait_procs(
        [psutil.Process(pid) for pid in [int(Path("pid").read_text())] if psutil.pid_exists(pid)], 10
    )
    assert not psutil.pid_exists(int(Path("pid").read_text()))
