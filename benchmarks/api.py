"""The time of answers of the REST API under 50 clients: ``python -m benchmarks.api``.

It serves the demo's data from an embedded Postgres of its own, and asks with hey (Debian: ``hey``), whose clients begin
each second together. The table is for docs/api.md.
"""

from __future__ import annotations

import argparse
import base64
import csv
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.machine import describe_machine
from benchmarks.markdown import table

_CREDENTIALS = base64.b64encode(b"admin:password").decode()
_CLIENTS = 50
_PATHS = (
    "/api/v1/supabase/health",
    "/api/v1/supabase/health?integrity=true",
    "/api/v1/supabase/statistics",
    "/api/v1/quality",
)
_START_SECONDS = 300


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20, help="seconds for each address and way (20)")
    seconds = parser.parse_args().seconds
    machine = describe_machine()
    with _demo() as url:
        rows = [
            (f"`GET {path}`", way, str(len(times)), _milliseconds(times, 0.5), _milliseconds(times, 0.99))
            for path in _PATHS
            for way, options in (("once a second", ("-q", "1")), ("without pause", ()))
            for times in (_ask(url + path, seconds, options),)
        ]
    print(", ".join(f"{name}: {value}" for name, value in machine.items()))
    print(f"Load average at the end: {os.getloadavg()[0]:.1f}\n")
    print("\n".join(table(("address", f"{_CLIENTS} clients ask", "requests", "p50 ms", "p99 ms"), rows)))


def _ask(url: str, seconds: int, options: tuple[str, ...]) -> list[float]:
    """Return the seconds that each answer took."""
    command = [shutil.which("hey") or sys.exit("benchmarks.api needs hey"), "-c", str(_CLIENTS), "-o", "csv"]
    count = ("-n", str(_CLIENTS * seconds)) if options else ("-z", f"{seconds}s")
    asked = subprocess.run(
        [*command, *count, *options, "-H", f"Authorization: Basic {_CREDENTIALS}", url],
        capture_output=True,
        text=True,
        check=True,
    )
    answers = list(csv.DictReader(io.StringIO(asked.stdout)))
    failed = [answer for answer in answers if answer["status-code"] != "200"]
    if failed or not answers:
        sys.exit(f"{url}: {len(failed)} of {len(answers)} answers are no 200")
    return sorted(float(answer["response-time"]) for answer in answers)


def _milliseconds(times: list[float], share: float) -> str:
    return f"{times[min(len(times) - 1, int(len(times) * share))] * 1000:,.1f}"


@contextmanager
def _demo() -> Iterator[str]:
    """Serve the demo from a folder of its own on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="retail-api-"))
    # The unprivileged user of the embedded server has to enter it.
    folder.chmod(0o755)
    environment = {
        **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
        "HOME": str(folder),
        "RETAIL_DATA_DIR": str(folder / "data"),
    }
    retail = [sys.executable, "-m", "flows"]
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen(
            [*retail, "api", "--demo", "--port", str(port)], env=environment, stdout=log, stderr=log
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/v1/health", server, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(60)
        subprocess.run(
            [*retail, "warehouse", "stop"], env=environment, check=False, stdout=subprocess.DEVNULL
        )
        shutil.rmtree(folder)


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urlopen(address, timeout=5):
                return
        except (URLError, OSError):
            if server.poll() is not None or time.monotonic() > end:
                sys.exit(log.read_text())
            time.sleep(0.2)


if __name__ == "__main__":
    main()
