"""Who waits is told for what, in a pipe as on a terminal."""

import fcntl
import shutil
import subprocess
import sys

import pytest

from flows.cli.progress_display import show_progress
from tasks import progress
from tests.conftest import open_folder
from tests.flows.conftest import base_environment


@pytest.mark.parametrize(
    ("step", "detail"),
    [
        ("task.retrying", "load 1 of 2: A lock. Up to 3 retries"),
        ("finish.waiting", "readers of fact_sale hold it"),
        ("connect.waiting", "No answer. Trying again for 9 s at most."),
        ("copy.sending", "3.8 MB, 1.9 MB/s"),
    ],
)
def test_a_wait_is_told_in_a_pipe(step: str, detail: str, capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress():
        progress.report(step, detail)
        progress.report("load.locked")
    told = capsys.readouterr()
    assert detail in told.err
    assert len(told.err.splitlines()) == 1
    assert told.out == ""


def test_a_long_send_is_told_every_ten_seconds_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress():
        for number in range(2, 12, 2):  # every two seconds, as on a terminal
            progress.report("copy.sending", f"{number}.0 MB, 1.0 MB/s")
        progress.report("connect.waiting", "No answer.")
    told = capsys.readouterr().err.splitlines()
    assert [line.split(" ", 1)[1] for line in told] == [
        "sending to the warehouse: 2.0 MB, 1.0 MB/s",
        "waiting for the warehouse: No answer.",
    ]


@pytest.mark.slow
def test_another_process_at_the_embedded_server_is_told() -> None:
    folder = open_folder("retail-waits-")
    environment = base_environment(folder)
    try:
        (folder / "postgres").mkdir(mode=0o755)
        with open(folder / "postgres" / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            asking = subprocess.Popen(
                [sys.executable, "-m", "flows", "sql", "select 1 as one"],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert asking.stderr is not None
            assert "another process is starting or stopping the embedded Postgres" in asking.stderr.readline()
        out, err = asking.communicate(timeout=120)
        assert (asking.returncode, out.splitlines()) == (0, ["one", "1"]), err
    finally:
        subprocess.run(
            [sys.executable, "-m", "flows", "warehouse", "stop"],
            env=environment,
            check=False,
            capture_output=True,
        )
        shutil.rmtree(folder, ignore_errors=True)
