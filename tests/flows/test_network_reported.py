"""The report of a run tells the line to its warehouse: round trip, turns, bytes and waiting."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.link import Counts, Link
from flows import retail_etl
from flows.cli.summary import print_summary
from tasks import progress
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.traffic import counting_traffic
from tasks.report.markdown import as_markdown
from tests.flows.conftest import Retail
from tests.support.link import counting_link
from tests.support.prefect_server import PrefectServer

_DELAY = 0.04


async def test_turns_and_bytes_are_those_of_the_line_until_the_report_is_made(
    prefect_api: PrefectServer,
    warehouse: ConnectionSettings,
    days: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path))
    counts_of_report: list[Counts] = []
    with counting_link(warehouse) as (link, through), counting_traffic() as traffic:
        monkeypatch.setenv("DATABASE_URL", f"{through.display}?sslmode=disable")

        def on_progress(event: progress.Progress) -> None:
            if event.step == "finish.done":  # what follows is the record of the run
                counts_of_report.append(link.counts_now())

        with progress.listening(on_progress):
            report = await retail_etl(sources=[str(days / "2011-09-13.csv")])
        counts, whole = link.counts(), traffic.network()
    network = report.network
    assert network is not None
    assert whole is not None
    assert (whole.connections, whole.turns) == (counts.connections, counts.turns)
    assert (whole.bytes_sent, whole.bytes_received) == (counts.sent, counts.received)
    assert [network.turns] == [part.turns for part in counts_of_report]
    assert 0 < network.connections <= counts.connections
    assert 0 < network.turns < counts.turns
    assert 50_000 < network.bytes_sent < counts.sent
    assert 0 < network.bytes_received < counts.received


def test_the_report_tells_the_line(
    retail: Retail, warehouse: ConnectionSettings, days: Path, prefect_server: PrefectServer
) -> None:
    line = Link(Path(warehouse.host) / f".s.PGSQL.{warehouse.port}", delay=_DELAY)
    with line as link:
        address = replace(warehouse, host=link.host, port=link.port).display
        ended = retail(
            "etl", str(days / "2011-09-13.csv"), "--json", DATABASE_URL=f"{address}?sslmode=disable"
        )
        assert ended.code == 0, ended.err
        again = retail("etl", str(days / "2011-09-13.csv"), DATABASE_URL=f"{address}?sslmode=disable")
        assert again.code == 0, again.err
    network = ended.report["network"]
    assert 2000 * _DELAY <= network["round_trip_ms"] < 3000 * _DELAY
    assert network["waiting_seconds"] >= network["turns"] * 2 * _DELAY
    assert network["waiting_seconds"] < ended.report["seconds"] * network["connections"]
    shown = next(line for line in again.out.splitlines() if line.startswith("Network: "))
    assert shown.startswith("Network: round trip ")
    assert " ms, " in shown
    assert shown.split(", ")[1].split()[1] == "turns"
    saved = json.loads(Path(ended.report["report_path"]).read_text())
    assert saved["network"] == network
    artifacts = prefect_server.get(
        "/artifacts/filter", {"flow_runs": {"id": {"any_": [ended.report["run_id"]]}}}
    )
    markdown = next(one["data"] for one in artifacts if one["key"] == "retail-etl-report")
    assert f"| network | round trip {network['round_trip_ms']:.0f} ms, {network['turns']} turns" in markdown


async def test_a_dry_run_has_no_line(
    prefect_api: PrefectServer,
    days: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path))
    report = await retail_etl(sources=[str(days / "2011-09-13.csv")], load=False)
    assert json.loads(report.to_json())["network"] is None
    print_summary(report)
    assert "Network" not in capsys.readouterr().out
    assert "| network |" not in as_markdown(report)
