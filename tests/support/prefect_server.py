"""A real Prefect server on loopback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import run_folder


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
        return self.request("POST", path, body)

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request to the API and return its answer, None if that is empty."""
        request = urllib.request.Request(
            f"{self.url}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        end = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    text = answer.read()
                return json.loads(text) if text else None
            except urllib.error.HTTPError as error:
                # Its SQLite was busy for too long; Prefect's own clients retry too.
                if error.code != 503 or time.monotonic() > end:
                    raise
                time.sleep(0.5)


def shared_prefect_server() -> PrefectServer:
    """The server of this test run; the first process that needs it starts it."""
    folder = run_folder.current()

    def start() -> dict[str, Any]:
        server, process = _start(folder.path / "prefect")
        return {"url": server.url, "home": str(server.home), "pid": process.pid}

    started = folder.once("prefect-server", start)
    return PrefectServer(started["url"], Path(started["home"]))


@contextmanager
def own_prefect_server() -> Iterator[PrefectServer]:
    """A further server, for tests that react to every event on it."""
    home = Path(tempfile.mkdtemp(prefix="retail-prefect-"))
    server, process = _start(home)
    yield server
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    shutil.rmtree(home, ignore_errors=True)


def _start(home: Path) -> tuple[PrefectServer, subprocess.Popen[bytes]]:
    """Start a server on loopback and wait until it answers."""
    home.mkdir(exist_ok=True)
    port = free_port()
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
                return server, process
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, (home / "server.log").read_text()
            assert time.monotonic() < end, "the Prefect server did not answer within 120 s"
            time.sleep(0.3)
