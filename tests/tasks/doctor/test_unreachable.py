"""An unreachable host: the finding has cause and fix, and the check ends within the time limit."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time

import pytest

from flows import doctor_inputs
from tasks.doctor import connection_method, database, tls
from tasks.postgres.connect import ConnectionSettings
from tests.support.examination import PROBLEM, SKIPPED, checks_with, examine_warehouse
from tests.support.required import missing
from tests.support.servers import free_port

IPV6_PROGRAM = """
import asyncio, json
from tasks.doctor.connection_method import examine_host
from tasks.postgres.connect import ConnectionSettings
settings = ConnectionSettings("2001:db8::1", sslmode="require")
print(json.dumps([(finding.status, finding.what, finding.fix) for finding in asyncio.run(examine_host(settings))]))
"""


async def test_closed_port() -> None:
    findings = await examine_warehouse(ConnectionSettings("127.0.0.1", free_port(), connect_seconds=0.5))
    assert checks_with(PROBLEM, findings) == {"connection"}
    assert "nothing listens there" in findings["connection"].what
    assert "not paused" in findings["connection"].fix
    assert findings["loads"].status is SKIPPED


async def test_silent_host_times_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before_connecting = doctor_inputs._BLOCK_SECONDS + tls._SECONDS + connection_method._SECONDS
    after_connecting = tls._SECONDS + database.ALL_CHECKS_SECONDS + database._CLOSE_SECONDS
    assert before_connecting + database.CONNECT_SECONDS + after_connecting <= 75
    monkeypatch.setattr(database, "CONNECT_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        findings = await examine_warehouse(
            ConnectionSettings("127.0.0.1", silent.getsockname()[1], connect_seconds=3600)
        )
    assert time.monotonic() - started < 3
    assert checks_with(PROBLEM, findings) == {"connection"}
    assert "no answer in time" in findings["connection"].what


async def test_unresolvable_name_is_not_connected_to() -> None:
    started = time.monotonic()
    findings = await examine_warehouse(
        ConnectionSettings("db.abcdefghijklmnopqrst.supabase.co.invalid", sslmode="require")
    )
    assert checks_with(PROBLEM, findings) == {"host"}
    assert "cannot be resolved" in findings["host"].what
    assert findings["connection"].status is SKIPPED
    assert time.monotonic() - started < 20


def test_ipv6_only_without_a_route() -> None:
    """Runs in its own network namespace, which has no routes."""
    command = ["unshare", "--net", "--map-root-user", sys.executable, "-c", IPV6_PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 and "unshare" in done.stderr:
        missing(f"network namespaces: {done.stderr}")
    ((status, what, fix),) = json.loads(done.stdout)
    assert status == PROBLEM
    assert "IPv6 addresses only, and this machine has no IPv6 route" in what
    assert fix


def test_session_pooler_is_suggested_for_supabase() -> None:
    settings = ConnectionSettings("db.abcdefghijklmnopqrst.supabase.co", sslmode="require")
    finding = connection_method._ipv6_only(settings, "2001:db8::1")
    assert connection_method.route_to("::1", 5432) is not connection_method.Route.PRIVATE
    if finding.status is PROBLEM:
        assert "session pooler" in finding.fix
        assert "IPv4 add-on" in finding.fix
