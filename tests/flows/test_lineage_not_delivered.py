"""A lineage server that does not answer, or a missing client, costs a run two seconds at most and fails nothing."""

from __future__ import annotations

import json
import socket
import sys
import time
from pathlib import Path

import pytest

from flows import retail_etl
from tasks.report.run_report import RunReport
from tests.flows.conftest import Retail
from tests.support.prefect_server import free_port
from tests.support.receivers import http_receiver


async def timed(till: Path) -> tuple[RunReport, float]:
    started = time.monotonic()
    report = await retail_etl(sources=[str(till)], load=False)
    return report, time.monotonic() - started


async def test_a_server_that_never_answers_costs_two_seconds_and_fails_nothing(
    lineage_environment: pytest.MonkeyPatch, till: Path
) -> None:
    _, usual = await timed(till)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(1)
        lineage_environment.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        report, seconds = await timed(till)
    assert report.status == "completed"
    assert seconds < usual + 2.0 + 1.0  # a second for a busy machine
    assert report.lineage is not None
    assert (report.lineage.delivered, report.lineage.not_delivered) == (0, 6)
    assert "2 s" in report.lineage.reasons[0]
    assert json.loads(Path(report.report_path).read_text())["lineage"]["not_delivered"] == 6


@pytest.mark.slow
async def test_other_broken_servers_cost_no_more(lineage_environment: pytest.MonkeyPatch, till: Path) -> None:
    _, usual = await timed(till)
    with (
        http_receiver(codes=[500]) as failing,
        http_receiver(seconds=30.0) as slow,
        http_receiver(codes=[301]) as redirecting,
        http_receiver(codes=[401]) as refusing,
    ):
        for name, address in {
            "failing": failing.url(""),
            "slow": slow.url(""),
            "redirecting": redirecting.url(""),
            "refusing": refusing.url(""),
            "dead": f"http://127.0.0.1:{free_port()}",
        }.items():
            lineage_environment.setenv("OPENLINEAGE_URL", address)
            report, seconds = await timed(till)
            assert report.status == "completed"
            assert seconds < usual + 2.0 + 1.0, name
            assert report.lineage is not None
            assert (report.lineage.delivered, report.lineage.not_delivered) == (0, 6), name
            assert len(report.lineage.reasons) == 1, name
    assert redirecting.reads == []


SCRIPT = """
import asyncio, os, sys
from flows import retail_etl

report = asyncio.run(retail_etl(sources=[sys.argv[1]]))
print(report.lineage, [name for name in sys.modules if name.startswith("openlineage")])
os.environ["OPENLINEAGE_URL"] = "http://127.0.0.1:9"
sys.modules["openlineage"] = None
print(asyncio.run(retail_etl(sources=[sys.argv[1]])).lineage.summary)
"""


@pytest.mark.slow
def test_the_client_is_imported_for_a_target_alone_and_named_if_it_is_missing(
    retail: Retail, till: Path
) -> None:
    ended = retail.run([sys.executable, "-c", SCRIPT, str(till)], PREFECT_LOGGING_LEVEL="CRITICAL")
    assert ended.code == 0, ended.err
    without, missing = ended.out.splitlines()[-2:]
    assert without == "None []"
    assert "0 events delivered, 4 not delivered" in missing
    assert "prefect-retail[lineage]" in missing
