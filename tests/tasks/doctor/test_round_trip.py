"""The doctor tells how far away the database is, and warns where that makes runs slow."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.link import Link
from tasks.doctor.finding import Finding
from tasks.postgres.connect import ConnectionSettings
from tests.support.examination import OK, WARNING, examine_warehouse


async def over_a_line(warehouse: ConnectionSettings, delay: float) -> tuple[Finding, float]:
    """The finding on the connection, and the milliseconds that it tells."""
    with Link(Path(warehouse.host) / f".s.PGSQL.{warehouse.port}", delay=delay) as link:
        settings = replace(warehouse, host=link.host, port=link.port, sslmode="disable")
        finding = (await examine_warehouse(settings))["connection"]
    told = re.search(r"as retail to \w+, round trip ([\d.]+) ms", finding.what)
    assert told, finding
    return finding, float(told[1])


@pytest.mark.parametrize("delay", [0.0, 0.05])
async def test_near(warehouse: ConnectionSettings, delay: float) -> None:
    finding, milliseconds = await over_a_line(warehouse, delay)
    assert finding.status is OK
    assert not finding.fix
    assert 2000 * delay <= milliseconds < 2000 * delay + 45


async def test_another_continent(warehouse: ConnectionSettings) -> None:
    finding, milliseconds = await over_a_line(warehouse, 0.08)
    assert finding.status is WARNING
    assert 160 <= milliseconds < 240
    assert "far away" in finding.what
    assert "Run in the region of the database" in finding.fix


async def test_a_socket(warehouse: ConnectionSettings) -> None:
    finding = (await examine_warehouse(warehouse))["connection"]
    assert finding.status is OK
    assert re.fullmatch(r"as retail to \w+, round trip \d\.\d ms", finding.what), finding
