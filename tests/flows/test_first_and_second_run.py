"""``retail etl``: a first run loads, a second says that nothing was new."""

from pathlib import Path

from tests.flows.conftest import Retail
from tests.support.prefect_server import PrefectServer


def test_first_and_second_run(retail: Retail, days: Path, prefect_server: PrefectServer) -> None:
    pattern = str(days / "2010-12-0[1-3].csv")
    first = retail("etl", pattern, "--json")
    assert first.code == 0, first.err
    report = first.report
    assert report["status"] == "completed"
    assert report["outcomes"] == {"loaded": 3}
    assert report["rows_in"] == report["rows_loaded"] == report["tables"]["fact_sale"] > 7_000
    assert report["rows_duplicate"] == report["rows_quarantined"] == 0
    assert report["identical_lines"] > 0
    assert set(report["identical_amount"]) == {"GBP"}
    assert all(isinstance(amount, str) for amount in report["identical_amount"].values())
    assert report["top_countries"][0]["country"] == "United Kingdom"
    assert {stage["stage"] for stage in report["stages"]} == {
        "prepare",
        "ingest",
        "validate",
        "load",
        "finish",
    }
    assert report["cpu_seconds"] > 0
    assert report["peak_memory_mb"] > 50
    assert Path(report["report_path"]).stat().st_mode & 0o777 == 0o600

    second = retail("etl", pattern)
    assert second.code == 0, second.err
    assert "nothing new" in second.out
    assert report["warehouse"] in second.out

    tasks = prefect_server.get("/task_runs/filter", {"flow_runs": {"id": {"any_": [report["run_id"]]}}})
    # Tasks have the run's tag too.
    names = {(one["name"], *(tag for tag in one["tags"] if tag != "retail")) for one in tasks}
    assert {
        ("preflight and ledger", "doctor"),
        ("ingest 1 of 1", "ingest"),
        ("validate 1 of 1", "validate"),
        ("load 1 of 1", "warehouse"),
        ("finish keys and indexes", "warehouse"),
    } <= names
    artifacts = prefect_server.get("/artifacts/filter", {"flow_runs": {"id": {"any_": [report["run_id"]]}}})
    markdown = next(one for one in artifacts if one["key"] == "retail-etl-report")
    assert "completed" in markdown["data"]
    progress = next(one for one in artifacts if one["key"] == "retail-etl-progress")
    assert float(progress["data"]) == 100.0
