"""Generate the pictures of the documents: ``python docs/make_pictures.py``.

demo.svg shows the terminal after ``retail demo``; flow-run.png shows that run in the Prefect UI, block-form.png and
alerts-form.png the forms of the blocks. Screenshots need headless Chromium (Debian package ``chromium``, or the
binary in CHROMIUM).
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
_PAGE_LOAD_SECONDS = 10  # loading and fade-in of a page


def terminal_output(command: list[str], environment: dict[str, str]) -> str:
    """Run a command on a pseudo-terminal and return its standard output (progress goes to standard error)."""
    primary, secondary = pty.openpty()
    process = subprocess.Popen(command, stdout=secondary, stderr=subprocess.DEVNULL, env=environment)
    os.close(secondary)
    output = b""
    while True:
        try:
            chunk = os.read(primary, 65536)
        except OSError:
            break
        if not chunk:
            break
        output += chunk
    if process.wait() != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{output.decode()}")
    return output.decode().replace("\r\n", "\n")


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


def _render_svg(text: str, path: Path, data_dir: str) -> None:
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"))  # noqa: SIM115 - closed with the process
    console.print("[bold]$[/] retail demo")
    text = text.replace(f" --data-dir {data_dir}", "").replace(data_dir, "~/.local/share/prefect-retail")
    console.print(Text.from_ansi(text), soft_wrap=True)
    console.save_svg(str(path), title="retail demo")


def _screenshot(url: str, path: Path, height: int = 1000) -> None:
    """Open a page in headless Chromium, wait for it to load, and save a screenshot over the DevTools protocol."""
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not browser:
        raise SystemExit(
            "Chromium is missing. Install the Debian package chromium, or set CHROMIUM to the path of the binary."
        )
    port = _free_port()
    no_network = [
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
                *no_network,
                *options,
                url,
            ],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/json")
            time.sleep(_PAGE_LOAD_SECONDS)
            path.write_bytes(_capture_page(port, height))
        finally:
            process.terminate()
            process.wait(30)


def _capture_page(port: int, height: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as response:
        page = next(target for target in json.load(response) if target["type"] == "page")
    with connect(page["webSocketDebuggerUrl"], max_size=None) as devtools:
        size = {"width": 1400, "height": height, "deviceScaleFactor": 1, "mobile": False}
        _call(devtools, "Emulation.setDeviceMetricsOverride", size)
        time.sleep(2)
        return base64.b64decode(_call(devtools, "Page.captureScreenshot", {"format": "png"})["data"])


def _call(devtools: ClientConnection, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
    devtools.send(json.dumps({"id": 1, "method": method, "params": parameters}))
    while True:
        message = json.loads(devtools.recv(timeout=60))
        if message.get("id") == 1:
            result: dict[str, Any] = message["result"]
            return result


def main() -> None:
    """Run the demo against a Prefect server started for it, and write all pictures."""
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
        text = terminal_output([sys.executable, "-m", "flows", "demo"], environment)
        _render_svg(text, PICTURES / "demo.svg", str(folder / "data"))
        run_id = (
            next(line for line in text.splitlines() if line.startswith("Report"))
            .rsplit("/", 1)[1]
            .removesuffix(".json")
        )
        ui = f"http://127.0.0.1:{port}"
        _screenshot(f"{ui}/runs/flow-run/{run_id}", PICTURES / "flow-run.png")
        register = [sys.executable, "-m", "prefect", "block", "register", "-m", "blocks"]
        subprocess.run(register, env=environment, check=True, stdout=subprocess.DEVNULL)
        for slug, name, height in (
            ("supabase-warehouse", "block-form", 1700),
            ("retail-alerts", "alerts-form", 1900),
        ):
            _screenshot(f"{ui}/blocks/catalog/{slug}/create", PICTURES / f"{name}.png", height=height)
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        subprocess.run([sys.executable, "-m", "flows", "warehouse", "stop"], env=environment, check=False)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
