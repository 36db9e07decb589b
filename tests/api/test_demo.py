"""The demo answers the curl commands of the sketch as they stand, on this machine only."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.demo import LoopbackNames, bind, prepare
from blocks import settings_sources
from tasks.backup.keys.local_identity import local_identity
from tasks.errors import SettingsError, UntrustedPath
from tests.support.required import missing

# The user's sketch, word for word.
SKETCH = """
curl -u admin:password -X POST "http://localhost:8000/api/v1/supabase/backup/create"
curl -u admin:password "http://localhost:8000/api/v1/supabase/monitoring/connection"
curl -u admin:password "http://localhost:8000/api/v1/supabase/health"
curl -u admin:password -X POST "http://localhost:8000/api/v1/supabase/backup/table/dim_product"
"""
VALIDATE = 'curl -u admin:password -X POST "http://localhost:8000/api/v1/supabase/integrity/validate"'
_DEMO = [sys.executable, "-m", "flows", "api", "--demo"]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org", "::", ""])
def test_the_demo_listens_on_loopback_only(host: str) -> None:
    with pytest.raises(SettingsError, match="this machine only"):
        bind(host, 0)


def test_a_port_that_is_taken_is_told_before_anything_is_loaded() -> None:
    with bind("localhost", 0) as taken:
        taken.listen()
        with pytest.raises(SettingsError, match="cannot be used"):
            bind("127.0.0.1", taken.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8000", 200),
        ("127.0.0.1", 200),
        ("[::1]:8000", 200),
        ("evil.example:8000", 403),
        ("localhost.evil.example", 403),
        ("", 403),
    ],
)
async def test_the_demo_answers_to_loopback_names_only(host: str, status: int) -> None:
    app = FastAPI()
    app.add_middleware(LoopbackNames)

    @app.get("/")
    async def answer() -> str:
        return "here"

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.get("/", headers={"host": host})).status_code == status


def test_the_key_is_made_once_and_must_stay_private(tmp_path: Path) -> None:
    path = tmp_path / "identity.txt"
    public = local_identity(path)
    assert public.startswith("age1")
    assert path.stat().st_mode & 0o777 == 0o600
    assert local_identity(path) == public
    path.chmod(0o644)
    with pytest.raises(UntrustedPath):
        local_identity(path)


def test_the_settings_of_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_sources, "_command_line", {})
    monkeypatch.setenv("RETAIL_VAULT", "s3://somebody/else")
    monkeypatch.setenv("DATABASE_URL", "postgresql://real.example.org/warehouse")
    settings = prepare(tmp_path)
    resolved = settings_sources.resolve().settings
    assert (settings.warehouse, settings.deployments) == ("embedded", False)
    assert resolved.retail_vault == f"{tmp_path}/demo/vault/"
    assert Path(resolved.retail_vault_identity).is_file()
    assert [user.name for user in settings.users] == ["admin"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that the embedded server's unprivileged user can enter."""
    path = Path(tempfile.mkdtemp(prefix="retail-demo-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def demo(folder: Path) -> Iterator[dict[str, str]]:
    """The demo in an empty folder with an empty home; yields its environment once it answers."""
    if shutil.which("curl") is None:
        missing("curl: apt-get install curl")
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 8000)) == 0:
            pytest.fail("something else listens on port 8000, which the sketch names")
    home, work = folder / "home", folder / "work"
    home.mkdir()
    work.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    if os.geteuid() == 0:  # root's data folder is one for the whole machine
        environment["RETAIL_DATA_DIR"] = str(folder / "data")
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(_DEMO, cwd=work, env=environment, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 240
        while curl('curl "http://localhost:8000/api/v1/health"', environment)[0] != 200:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.5)
        yield environment
        process.send_signal(signal.SIGINT)
        assert process.wait(60) in {0, 130}, (folder / "log").read_text()
        assert "Traceback" not in (folder / "log").read_text()
    finally:
        process.kill()
        process.wait()
        subprocess.run(
            [sys.executable, "-m", "flows", "warehouse", "stop"], cwd=work, env=environment, check=False
        )


def curl(command: str, environment: dict[str, str]) -> tuple[int, str]:
    """Run a curl command, and return the status and the body of its answer."""
    arguments = shlex.split(command)
    done = subprocess.run(
        [arguments[0], "--silent", "--write-out", "\n%{http_code}", *arguments[1:]],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


@pytest.mark.slow
def test_the_curl_commands_of_the_sketch(demo: dict[str, str]) -> None:
    commands = [*SKETCH.strip().splitlines(), VALIDATE]
    for command in commands:
        status, body = curl(command, demo)
        assert 200 <= status < 300, (command, body)
    # Lines are there, and what was started comes to its end.
    status, body = curl(commands[3].replace("dim_product", "fact_sale?wait=90"), demo)
    assert (status, '"state":"completed"' in body) == (200, True), body
    assert re.search(r'"rows":541\d{3}', body), body
    assert curl(commands[1].replace("admin:password", "admin:wrong"), demo)[0] == 401
