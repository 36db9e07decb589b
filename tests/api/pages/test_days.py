"""Days are those of UTC, wherever the server and the browser are."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time

import httpx
import pytest

from tasks.postgres.connect import ConnectionSettings
from tests.api.pages.conftest import DAYS
from tests.support.api_server import USERS
from tests.support.browser import chromium, visit
from tests.support.slow import slow_but

_DRAW = """
import asyncio, json, re
from datetime import date
from api.pages.charts import DayValue, draw_bars, draw_lines
points = tuple(DayValue(date.fromisoformat(day), "validity", 90.0) for day in ("2026-11-02", "2026-11-04"))
for draw in (draw_lines, draw_bars):
    print(json.dumps(re.findall("<text[^>]*>([^<]*)", asyncio.run(draw(points, ("validity",), "score", "x")))))
"""


@pytest.mark.parametrize("zone", slow_but(["America/New_York"], ["America/New_York", "Pacific/Auckland"]))
def test_days_of_a_chart(zone: str) -> None:
    drawn = subprocess.run(
        [sys.executable, "-c", _DRAW],
        env={**os.environ, "TZ": zone},
        check=True,
        capture_output=True,
        text=True,
    )
    for line in drawn.stdout.splitlines():
        labels = [label for label in json.loads(line) if label.endswith("Nov")]
        assert labels == ["2 Nov", "4 Nov"] * 3


@pytest.mark.slow
def test_days_of_a_server_in_new_york(hostile_warehouse: ConnectionSettings) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    users = " ".join(f"{user.name}:{user.role}:{user.password_hash}" for user in USERS)
    environment = {
        **{
            name: value for name, value in os.environ.items() if not name.startswith(("RETAIL_", "SUPABASE_"))
        },
        "DATABASE_URL": hostile_warehouse.display,
        "RETAIL_API_USERS": users,
        "TZ": "America/New_York",
    }
    server = subprocess.Popen([sys.executable, "-m", "flows", "api", "--port", str(port)], env=environment)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url)
        with chromium() as browser:
            for path, charted in (("/quality", True), ("/deliveries", True), ("/runs", False)):
                with visit(browser, url + path, timezone_id="America/New_York") as seen:
                    assert seen.page.evaluate("new Date(0).getHours()") == 19
                    found = seen.page.eval_on_selector_all(
                        "tbody time", "ts => ts.map(t => t.textContent.slice(0, 10))"
                    )
                    assert set(found) == set(DAYS)
                    labels = seen.page.eval_on_selector_all(
                        "svg.wide text", "ts => ts.map(t => t.textContent)"
                    )
                    if charted:
                        assert [label for label in labels if label.endswith("Nov")] == ["2 Nov", "4 Nov"]
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(url: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            httpx.get(f"{url}/api/v1/health").raise_for_status()
            return
        except httpx.TransportError:
            assert time.monotonic() < until
            time.sleep(0.1)
