"""A real Prometheus, and a small HTTP server that it scrapes."""

from __future__ import annotations

import base64
import hmac
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.support.prefect_server import free_port
from tests.support.required import required_program


@dataclass
class MetricsServer:
    """What is served at ``/metrics``; with a ``user``, only to who gives it and the password."""

    text: bytes
    content_type: str
    port: int = 0
    user: str = ""
    password: str = ""
    refused: int = 0
    answered: int = 0
    paths: list[str] = field(default_factory=list)


@contextmanager
def serving(served: MetricsServer) -> Iterator[MetricsServer]:
    """Serve metrics on loopback during the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.paths.append(self.path)
            secret = base64.b64encode(f"{served.user}:{served.password}".encode()).decode()
            if served.user and not hmac.compare_digest(
                self.headers.get("Authorization", ""), f"Basic {secret}"
            ):
                served.refused += 1
                self.send_response(401)
                self.send_header("WWW-Authenticate", "Basic")
                self.end_headers()
                return
            served.answered += 1
            self.send_response(200)
            self.send_header("Content-Type", served.content_type)
            self.end_headers()
            self.wfile.write(served.text)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus."""

    url: str

    def get(self, path: str, **query: str) -> Any:
        """The ``data`` of an answer of its API."""
        with urlopen(f"{self.url}/api/v1/{path}?{urlencode(query)}", timeout=10) as answer:
            body = json.load(answer)
        assert body["status"] == "success", body
        return body["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The samples of an expression now."""
        result: list[dict[str, Any]] = self.get("query", query=expression)["result"]
        return result

    def wait_for(self, condition: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait until a condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, self.get("targets")
            time.sleep(0.1)


@contextmanager
def running_prometheus(folder: Path, configuration: str) -> Iterator[Prometheus]:
    """Run Prometheus with a configuration in ``folder`` during the block."""
    port = free_port()
    file = folder / "prometheus.yaml"
    file.write_text(configuration)
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                required_program("prometheus"),
                f"--config.file={file}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
        try:
            running = Prometheus(f"http://127.0.0.1:{port}")
            _wait_until_ready(running, process)
            yield running
        finally:
            process.terminate()
            process.wait(20)


def _wait_until_ready(running: Prometheus, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        assert process.poll() is None, "Prometheus has ended"
        try:
            with urlopen(f"{running.url}/-/ready", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("Prometheus is not ready")
