"""A host that cannot be reached: why, how to reach it, and the end within the time limit."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time

import pytest

from flows import doctor_inputs
from tasks.doctor import database, endpoint, tls
from tasks.postgres.connect import ConnectionSettings
from tests.support.examination import PROBLEM, SKIPPED, examine_warehouse, statuses
from tests.support.required import missing
from tests.support.servers import free_port

IN_A_WORLD_OF_ITS_OWN = """
import asyncio, json
from tasks.doctor.endpoint import examine_host
from tasks.postgres.connect import ConnectionSettings
settings = ConnectionSettings("2001:db8::1", sslmode="require")
print(json.dumps([(one.status, one.what, one.fix) for one in asyncio.run(examine_host(settings))]))
"""


async def test_nothing_listens() -> None:
    found = await examine_warehouse(ConnectionSettings("127.0.0.1", free_port(), connect_seconds=0.5))
    assert statuses(found, PROBLEM) == {"connection"}
    assert "nothing listens there" in found["connection"].what
    assert "not paused" in found["connection"].fix
    assert found["loads"].status is SKIPPED


async def test_a_host_that_says_nothing_is_waited_for_a_while_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blocks_ca_and_name = doctor_inputs._BLOCK_SECONDS + tls._SECONDS + endpoint._SECONDS
    asking = tls._SECONDS + database.ALL_CHECKS_SECONDS + database._FAREWELL_SECONDS
    assert blocks_ca_and_name + database.CONNECT_SECONDS + asking <= 75
    monkeypatch.setattr(database, "CONNECT_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        found = await examine_warehouse(
            ConnectionSettings("127.0.0.1", silent.getsockname()[1], connect_seconds=3600)
        )
    assert time.monotonic() - started < 3
    assert statuses(found, PROBLEM) == {"connection"}
    assert "no answer in time" in found["connection"].what


async def test_a_name_that_does_not_resolve_is_not_tried() -> None:
    started = time.monotonic()
    found = await examine_warehouse(
        ConnectionSettings("db.abcdefghijklmnopqrst.supabase.co.invalid", sslmode="require")
    )
    assert statuses(found, PROBLEM) == {"host"}
    assert "cannot be resolved" in found["host"].what
    assert found["connection"].status is SKIPPED
    assert time.monotonic() - started < 20


def test_ipv6_only_without_a_route() -> None:
    """In a network namespace of its own, where no address but its own can be reached."""
    command = ["unshare", "--net", "--map-root-user", sys.executable, "-c", IN_A_WORLD_OF_ITS_OWN]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 and "unshare" in done.stderr:
        missing(f"network namespaces: {done.stderr}")
    ((status, what, fix),) = json.loads(done.stdout)
    assert status == PROBLEM
    assert "IPv6 addresses only, and this machine has no IPv6 route" in what
    assert fix


def test_supabase_is_told_of_the_session_pooler() -> None:
    settings = ConnectionSettings("db.abcdefghijklmnopqrst.supabase.co", sslmode="require")
    finding = endpoint._ipv6_only(settings, "2001:db8::1")
    assert endpoint.route_to("::1", 5432) is not endpoint.Route.PRIVATE
    if finding.status is PROBLEM:
        assert "session pooler" in finding.fix
        assert "IPv4 add-on" in finding.fix
