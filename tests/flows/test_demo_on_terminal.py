"""``retail demo`` on a terminal and a fresh machine: progress is seen, Prefect's log lines are not."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time

import pytest

from tests.conftest import open_folder
from tests.flows.conftest import base_environment


def _on_terminal(command: list[str], environment: dict[str, str]) -> tuple[int, str, float]:
    """Run a command on a pseudo-terminal; its exit code, what it wrote, and the longest silence in seconds."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, close_fds=True
    )
    os.close(theirs)
    wrote, silence, last = b"", 0.0, time.monotonic()
    while True:
        if select.select([ours], [], [], 1)[0]:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other end is closed: the process has ended
                break
            if not piece:
                break
            wrote += piece
            silence, last = max(silence, time.monotonic() - last), time.monotonic()
        elif process.poll() is not None:
            break
    os.close(ours)
    return process.wait(), wrote.decode(errors="replace"), silence


@pytest.mark.slow
def test_demo_from_nothing() -> None:
    folder = open_folder("retail-demo-")
    environment = {
        **base_environment(folder / "data"),
        "PREFECT_HOME": str(folder / "prefect"),
        "TERM": "xterm",
        "COLUMNS": "100",
    }
    # The demo must not touch a warehouse that the environment names.
    environment["DATABASE_URL"] = "postgresql://nobody@127.0.0.1:9/elsewhere"
    retail = [sys.executable, "-m", "flows"]
    try:
        code, seen, silence = _on_terminal([*retail, "demo"], environment)
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)
        assert code == 0, text
        assert "starting Prefect's own server" in text
        assert "loading" in text
        assert silence < 10, f"{silence} s without a sign of life"
        assert "Finished in state" not in text
        assert "INFO" not in text
        for shown in (
            "541,909",
            "5,268",
            "21,740.98 GBP",
            "97.36",
            "8,187,806.364 GBP",
            "EIRE",
            "retail sql --warehouse embedded",
            "psql ",
            ".json",
        ):
            assert shown in text, shown
        asked = subprocess.run(
            [*retail, "sql", "select count(*) from retail_dwh.sale_line", "--data-dir", str(folder / "data")],
            env={**environment, "DATABASE_URL": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert asked.stdout.splitlines() == ["count", "541909"], asked.stderr
        status = subprocess.run(
            [*retail, "warehouse", "status"], env=environment, capture_output=True, text=True, check=False
        )
        assert status.stdout.startswith("running")
    finally:
        stopped = subprocess.run(
            [*retail, "warehouse", "stop"], env=environment, capture_output=True, text=True, check=False
        )
        shutil.rmtree(folder, ignore_errors=True)
    assert stopped.stdout.strip() == "stopped"
