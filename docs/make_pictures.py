"""Make the pictures of the documents again: ``python docs/make_pictures.py``.

demo.svg is the terminal after ``retail demo``; flow-run.png is the same run in the Prefect UI, taken with
headless Chromium (Debian package ``chromium``; RETAIL_CHROMIUM names another binary).
"""

from __future__ import annotations

import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURES = Path(__file__).parent / "pictures"
COLUMNS = 100


def _terminal(command: list[str], environment: dict[str, str]) -> str:
    """What a command leaves on a terminal (standard output only: progress is wiped at the end)."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, env=environment)
    os.close(theirs)
    wrote = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        wrote += piece
    if process.wait() != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{wrote.decode()}")
    return wrote.decode().replace("\r\n", "\n")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str) -> None:
    end = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


def _draw(text: str, path: Path, hidden: str) -> None:
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"))  # noqa: SIM115 - closed with the process
    console.print("[bold]$[/] retail demo")
    text = text.replace(f" --data-dir {hidden}", "").replace(hidden, "~/.local/share/prefect-retail")
    console.print(Text.from_ansi(text), soft_wrap=True)
    console.save_svg(str(path), title="retail demo")


def _photograph(url: str, path: Path) -> None:
    browser = os.environ.get("RETAIL_CHROMIUM") or shutil.which("chromium")
    if not browser:
        raise SystemExit(
            "Chromium is missing: install Debian's chromium, or name another binary in RETAIL_CHROMIUM."
        )
    quiet = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                browser,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                *quiet,
                f"--user-data-dir={profile}",
                "--window-size=1400,1000",
                "--virtual-time-budget=20000",
                f"--screenshot={path}",
                url,
            ],
            check=True,
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=120,
        )


def main() -> None:
    """Run the demo against a Prefect server of its own, and draw both pictures."""
    PICTURES.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="retail-pictures-"))
    folder.chmod(0o755)
    port = _free_port()
    environment = {
        **os.environ,
        "RETAIL_DATA_DIR": str(folder / "data"),
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "TERM": "xterm-256color",
        "COLUMNS": str(COLUMNS),
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/health")
        text = _terminal([sys.executable, "-m", "flows", "demo"], environment)
        _draw(text, PICTURES / "demo.svg", str(folder / "data"))
        run_id = (
            next(line for line in text.splitlines() if line.startswith("Report"))
            .rsplit("/", 1)[1]
            .removesuffix(".json")
        )
        _photograph(f"http://127.0.0.1:{port}/runs/flow-run/{run_id}", PICTURES / "flow-run.png")
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        subprocess.run([sys.executable, "-m", "flows", "warehouse", "stop"], env=environment, check=False)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
