"""One Prefect server for all tests that run the flow, and the command line in processes of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tasks.warehouse.connect import ConnectionSettings
from tests.conftest import open_folder


def free_port() -> int:
    """A TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class PrefectServer:
    """A running Prefect server: its API's address and its home."""

    url: str
    home: Path

    def environment(self) -> dict[str, str]:
        """What a process needs in order to use it."""
        return {
            "PREFECT_HOME": str(self.home),
            "PREFECT_API_URL": self.url,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        }

    def get(self, path: str, body: dict[str, Any]) -> Any:
        """POST a filter to the API and return its answer."""
        request = urllib.request.Request(
            f"{self.url}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[PrefectServer]:
    """A Prefect server on loopback, with a home of its own."""
    home, port = open_folder("retail-prefect-"), free_port()
    server = PrefectServer(f"http://127.0.0.1:{port}/api", home)
    environment = {**os.environ, **server.environment()}
    with open(home / "server.log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    end = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(f"{server.url}/health", timeout=5):
                break
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, (home / "server.log").read_text()
            assert time.monotonic() < end, "the Prefect server did not answer within 120 s"
            time.sleep(0.3)
    yield server
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    shutil.rmtree(home, ignore_errors=True)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The JSON object on the last line of standard output."""
        report: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return report


@dataclass(frozen=True)
class Retail:
    """The command line, in the environment of a test."""

    environment: dict[str, str]

    def __call__(self, *arguments: str, timeout: float = 120, **more: str) -> Ended:
        """Run ``retail`` with these arguments; ``more`` adds to the environment."""
        return self.run([sys.executable, "-m", "flows", *arguments], timeout, **more)

    def run(self, command: Sequence[str], timeout: float = 120, **more: str) -> Ended:
        """Run any command in that environment."""
        done = subprocess.run(
            command,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return Ended(done.returncode, done.stdout, done.stderr)


def base_environment(data_dir: Path) -> dict[str, str]:
    """The environment of a command whose embedded server and workspace are in ``data_dir``."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PREFECT_", "RETAIL_", "DATABASE_"))
    }
    return {**kept, "RETAIL_DATA_DIR": str(data_dir)}


def as_url(settings: ConnectionSettings) -> str:
    """The address of a warehouse behind a socket."""
    return settings.display


@pytest.fixture
def retail(prefect_server: PrefectServer, warehouse: ConnectionSettings, tmp_path: Path) -> Retail:
    """The command line with the shared Prefect server and a fresh warehouse."""
    environment = base_environment(tmp_path / "data")
    return Retail({**environment, **prefect_server.environment(), "DATABASE_URL": as_url(warehouse)})


@pytest.fixture
def plain_retail(tmp_path: Path) -> Retail:
    """The command line without a Prefect server and without a warehouse, for what needs neither."""
    return Retail({**base_environment(tmp_path / "data"), "PREFECT_HOME": str(tmp_path / "prefect")})
