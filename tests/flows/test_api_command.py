"""``retail api`` serves the API, and ``retail api-user`` makes the users for it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psutil
import pytest

from api.passwords import hash_password, is_password
from tasks.postgres.connect import ConnectionSettings
from tests.flows.conftest import Retail

PASSWORD = "gr\u00fcn und blau"


def api_user(retail: Retail, *arguments: str, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flows", "api-user", *arguments],
        env=retail.environment,
        input=f"{password}\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def served(retail: Retail, **more: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """``retail api`` on a free port, with its address; told to end afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "flows", "api", "--port", str(port)],
        env={**retail.environment, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        assert f"http://127.0.0.1:{port}" in server.stdout.readline()
        yield f"http://127.0.0.1:{port}", server
    finally:
        server.send_signal(signal.SIGTERM)
        _, errors = server.communicate(timeout=30)
    assert PASSWORD not in errors


@pytest.mark.slow
def test_a_user_is_made_and_served(plain_retail: Retail, warehouse: ConnectionSettings) -> None:
    made = api_user(plain_retail, "ann", "--role", "operator")
    assert made.returncode == 0, made.stderr
    line = made.stdout.strip()
    assert line.startswith("ann:operator:$argon2id$")
    assert is_password(line.split(":", 2)[2], PASSWORD)
    with served(plain_retail, DATABASE_URL=warehouse.display, RETAIL_API_USERS=line) as (url, _):
        assert httpx.get(f"{url}/api/v1/health").json() == {"status": "ok"}
        auth = httpx.BasicAuth(b"ann", PASSWORD.encode())
        assert httpx.get(f"{url}/api/v1/runs", auth=auth).json()["total"] == 0
        assert httpx.get(f"{url}/api/v1/runs").status_code == 401


@pytest.mark.slow
def test_prefects_own_server_gets_no_secret_and_ends_with_the_api(
    plain_retail: Retail, warehouse: ConnectionSettings
) -> None:
    users = f"ann:operator:{hash_password(PASSWORD)}"
    with served(plain_retail, DATABASE_URL=warehouse.display, RETAIL_API_USERS=users) as (url, server):
        auth = httpx.BasicAuth(b"ann", PASSWORD.encode())
        assert httpx.get(f"{url}/metrics", auth=auth, timeout=60).status_code == 200
        assert psutil.Process(server.pid).children(recursive=True) == []  # to look starts none
        work = {"sources": ["/nowhere.csv"]}
        started = httpx.post(f"{url}/api/v1/etl/runs", json=work, auth=auth, timeout=120)
        assert started.status_code == 202, started.text
        children = psutil.Process(server.pid).children(recursive=True)
        assert children
        for child in children:
            assert not {"DATABASE_URL", "RETAIL_API_USERS"} & set(child.environ())
    gone, alive = psutil.wait_procs(children, timeout=20)
    assert (len(gone), alive) == (len(children), [])


@pytest.mark.slow
def test_what_is_no_user(plain_retail: Retail) -> None:
    short = api_user(plain_retail, "ann", password="short")
    assert (short.returncode, short.stdout) == (2, "")
    assert "fewer than 8 characters" in short.stderr
    spaced = api_user(plain_retail, "ann smith")
    assert spaced.returncode == 2
    assert PASSWORD not in spaced.stderr + short.stderr


def test_without_users_it_does_not_serve(plain_retail: Retail) -> None:
    ended = plain_retail("api")
    assert ended.code == 2
    assert "nobody may use the API" in ended.err
    assert "retail api-user" in ended.err
    assert "Traceback" not in ended.err


def test_without_the_extra(plain_retail: Retail) -> None:
    script = (
        "import sys\nsys.modules.update(dict.fromkeys(['fastapi', 'argon2']))\n"
        "from flows.cli import app\nsys.exit(app(['api'], result_action='return_value'))"
    )
    ended = plain_retail.script(script)
    assert ended.code == 2
    assert "pip install 'prefect-retail[api]'" in ended.err
    assert "Traceback" not in ended.err


def test_a_port_that_is_taken(plain_retail: Retail, warehouse: ConnectionSettings) -> None:
    users = f"ann:viewer:{hash_password(PASSWORD)}"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = plain_retail("api", "--port", port, RETAIL_API_USERS=users, DATABASE_URL=warehouse.display)
    assert (ended.code, ended.out) == (2, "")
    assert f"Port {port} cannot be used" in ended.err
    assert "--port" in ended.err


_UNEXPECTED = """
from flows.cli.run_flow import quiet_prefect

quiet_prefect(verbose=False)
import prefect.main
from api.middleware.unexpected_errors import LOGGER
from api.serve import show_errors

show_errors()
LOGGER.error("urn:uuid:4711")
"""


def test_an_unexpected_error_is_in_the_log_that_its_answer_names(plain_retail: Retail) -> None:
    ended = plain_retail.script(_UNEXPECTED)
    assert ended.code == 0
    assert ended.err.count("urn:uuid:4711") == 1
