"""A real Prefect server on loopback."""

from __future__ import annotations

import asyncio
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
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tasks.postgres.connect import connected
from tasks.postgres.embedded.processes import find_postmaster
from tasks.postgres.embedded.server import SUPERUSER, EmbeddedServer
from tests.support import run_folder

# Nobody looks at what they make, and each costs the tests time.
_UNUSED_SERVICES = (
    "CANCELLATION_CLEANUP",
    "EVENT_LOGGER",
    "EVENT_PERSISTER",
    "FOREMAN",
    "LATE_RUNS",
    "PAUSE_EXPIRATIONS",
    "SCHEDULER",
    "TRIGGERS",
)


def free_port() -> int:
    """A TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class PrefectServer:
    """A running Prefect server: its API's address, its home and its process group, 0 for the shared one."""

    url: str
    home: Path
    group: int = 0

    def kill(self) -> None:
        """End a server of the test's own at once."""
        assert self.group > 0
        os.killpg(self.group, signal.SIGKILL)

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
    """The server of this test run, without events and automations; the first process that needs it starts it.

    It is on Postgres: on SQLite, two of the many that write at once may block it for its minute of patience.
    """
    folder = run_folder.current()
    home = folder.path / "prefect"

    def start() -> dict[str, Any]:
        address = folder.once("prefect-database", lambda: _start_database(home))["address"]
        settings = {f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in _UNUSED_SERVICES}
        server, process = _start(home, {**settings, "PREFECT_SERVER_DATABASE_CONNECTION_URL": address})
        return {"url": server.url, "home": str(server.home), "pid": process.pid}

    started = folder.once("prefect-server", start)
    return PrefectServer(started["url"], Path(started["home"]))


def _start_database(home: Path) -> dict[str, Any]:
    """Start a Postgres in the server's home, where tests look for secrets."""
    for folder in (home.parent, home):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    embedded = EmbeddedServer(home / "database", {"fsync": "off", "shared_buffers": "64MB"})
    settings = embedded.start()

    async def prepare() -> None:
        async with connected(embedded.settings(SUPERUSER)) as connection:
            await connection.execute("create extension pg_trgm")

    with ThreadPoolExecutor(1) as thread:  # a test that asks for the server may have an event loop
        thread.submit(asyncio.run, prepare()).result()
    address = f"postgresql+asyncpg://{settings.user}@/{settings.database}?host={settings.host}"
    return {"address": address, "pid": find_postmaster(embedded.cluster)}


@contextmanager
def own_prefect_server() -> Iterator[PrefectServer]:
    """A further server with all its services, for tests that react to every event on it or end it."""
    home = Path(tempfile.mkdtemp(prefix="retail-prefect-"))
    server, process = _start(home, {})
    yield replace(server, group=process.pid)
    with suppress(ProcessLookupError):  # a test has killed it
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    shutil.rmtree(home, ignore_errors=True)


def _start(home: Path, settings: dict[str, str]) -> tuple[PrefectServer, subprocess.Popen[bytes]]:
    """Start a server on loopback and wait until it answers."""
    home.mkdir(exist_ok=True)
    port = free_port()
    server = PrefectServer(f"http://127.0.0.1:{port}/api", home)
    environment = {**os.environ, **server.environment(), **settings}
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
