"""Make the pictures of the documents again: ``python docs/make_pictures.py``.

demo.svg is the terminal after ``retail demo``; flow-run.png is the same run in the Prefect UI, taken with
headless Chromium, and block-form.png and alerts-form.png are the forms of the blocks there. Needs the Debian
package ``chromium``; CHROMIUM names another binary.
"""

from __future__ import annotations

import base64
import json
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
from typing import Any

from rich.console import Console
from rich.text import Text
from websockets.sync.client import ClientConnection, connect

PICTURES = Path(__file__).parent / "pictures"
COLUMNS = 100
_SETTLING = 10  # seconds in which a page loads and fades in


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


def _photograph(url: str, path: Path, height: int = 1000) -> None:
    """Open a page in headless Chromium, let it settle, and take its picture by the DevTools protocol."""
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not browser:
        raise SystemExit(
            "Chromium is missing: install Debian's chromium, or name another binary in CHROMIUM."
        )
    port = _free_port()
    quiet = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = [
            f"--user-data-dir={profile}",
            f"--remote-debugging-port={port}",
            f"--window-size=1400,{height}",
        ]
        process = subprocess.Popen(
            [
                browser,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                *quiet,
                *options,
                url,
            ],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/json")
            time.sleep(_SETTLING)
            path.write_bytes(_screenshot(port, height))
        finally:
            process.terminate()
            process.wait(30)


def _screenshot(port: int, height: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
        page = next(one for one in json.load(answer) if one["type"] == "page")
    with connect(page["webSocketDebuggerUrl"], max_size=None) as devtools:
        size = {"width": 1400, "height": height, "deviceScaleFactor": 1, "mobile": False}
        _call(devtools, "Emulation.setDeviceMetricsOverride", size)
        time.sleep(2)
        return base64.b64decode(_call(devtools, "Page.captureScreenshot", {"format": "png"})["data"])


def _call(devtools: ClientConnection, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
    devtools.send(json.dumps({"id": 1, "method": method, "params": parameters}))
    while True:
        answer = json.loads(devtools.recv(timeout=60))
        if answer.get("id") == 1:
            result: dict[str, Any] = answer["result"]
            return result


def main() -> None:
    """Run the demo against a Prefect server of its own, and make all pictures."""
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
        ui = f"http://127.0.0.1:{port}"
        _photograph(f"{ui}/runs/flow-run/{run_id}", PICTURES / "flow-run.png")
        register = [sys.executable, "-m", "prefect", "block", "register", "-m", "blocks"]
        subprocess.run(register, env=environment, check=True, stdout=subprocess.DEVNULL)
        for slug, name in (("supabase-warehouse", "block-form"), ("retail-alerts", "alerts-form")):
            _photograph(f"{ui}/blocks/catalog/{slug}/create", PICTURES / f"{name}.png", height=1700)
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        subprocess.run([sys.executable, "-m", "flows", "warehouse", "stop"], env=environment, check=False)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
