"""Exit codes, and errors that name file and cause without a traceback, while the rest loads."""

import sys
from pathlib import Path

import pytest

from tests.flows.conftest import Retail
from tests.support.slow import slow_but

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
LINE = "900001,22423,REGENCY CAKESTAND 3 TIER,1,2011-05-01 10:00:00,12.75,17850.0,United Kingdom\n"
ZERO = "900002,22423,REGENCY CAKESTAND 3 TIER,0,2011-05-01 10:00:00,12.75,17850.0,United Kingdom\n"


def _deliver(folder: Path, days: Path) -> None:
    folder.mkdir()
    (folder / "good.csv").write_bytes((days / "2010-12-05.csv").read_bytes())
    (folder / "empty.csv").write_bytes(b"")
    (folder / "header.csv").write_text(HEADER)
    (folder / "unknown.csv").write_text("Invoice,Article,Text\n1,2,3\n")
    (folder / "junk.csv").write_bytes(bytes(range(256)) * 40)
    (folder / "cut.parquet").write_bytes(b"PAR1" + b"\x15\x04" * 50)


def test_bad_deliveries_fail_by_name_and_the_others_load(retail: Retail, days: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    _deliver(folder, days)
    ended = retail("etl", str(folder), str(tmp_path / "missing.csv"), "--json")
    assert ended.code == 1
    assert "Traceback" not in ended.err + ended.out
    reasons = {Path(one["name"]).name: one["reason"] for one in ended.report["deliveries"]}
    assert reasons.pop("good.csv") == ""
    assert "empty" in reasons["empty.csv"]
    assert "no rows" in reasons["header.csv"]
    assert "unknown header" in reasons["unknown.csv"]
    assert "not a text file" in reasons["junk.csv"]
    assert "not a complete Parquet file" in reasons["cut.parquet"]
    assert "no such file" in reasons["missing.csv"]
    named = [delivery for delivery in ended.report["deliveries"] if delivery["reason"]]
    shown = [f"{delivery['name']}: {delivery['reason']}" in ended.err for delivery in named]
    assert shown.count(True) == 5  # and one more, in the report
    assert "6 of 7 deliveries could not be loaded; the others are loaded." in ended.err
    lines = len((days / "2010-12-05.csv").read_text().splitlines()) - 1
    assert ended.report["tables"]["fact_sale"] == lines


@pytest.mark.slow
def test_quality_refusal_is_3_and_failure_outranks_it(retail: Retail, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.csv").write_text(HEADER + LINE)
    (folder / "poor.csv").write_text(HEADER + ZERO * 3 + LINE.replace("900001", "900003"))
    refused = retail("etl", str(folder), "--json")
    assert refused.code == 3
    poor = next(one for one in refused.report["deliveries"] if one["name"].endswith("poor.csv"))
    assert poor["outcome"] == "refused"
    assert "25.0 %" in poor["reason"]
    assert "quantity_not_zero (3)" in poor["reason"]
    assert "poor.csv" in refused.err
    assert refused.report["tables"]["fact_sale"] == 1

    both = retail("etl", str(folder), str(tmp_path / "missing.csv"))
    assert both.code == 1

    lenient = retail("etl", str(folder), "--threshold", "10", "--json")
    assert lenient.code == 0, lenient.err
    assert lenient.report["rows_quarantined"] == 3
    assert lenient.report["outcomes"] == {"loaded": 1, "unchanged": 1}


@pytest.mark.slow
def test_a_replacement_that_takes_out_too_much_is_1_until_asked_for(retail: Retail, tmp_path: Path) -> None:
    path = tmp_path / "day\x1b[31m.csv"
    path.write_text(HEADER + "".join(LINE.replace("900001", str(number)) for number in range(900100, 900140)))
    assert retail("etl", str(path)).code == 0
    path.write_text(HEADER + LINE)
    refused = retail("etl", str(path))
    assert refused.code == 1
    assert "would withdraw 40 of the 40 lines" in refused.err
    assert "--replace" in refused.err
    assert "\x1b" not in refused.err + refused.out
    taken = retail("etl", str(path), "--replace", "--json")
    assert taken.code == 0, taken.err
    assert taken.report["outcomes"] == {"replaced": 1}


def test_without_quality_checks_nothing_is_refused(retail: Retail, tmp_path: Path) -> None:
    (tmp_path / "poor.csv").write_text(HEADER + ZERO * 3 + LINE)
    ended = retail("etl", str(tmp_path / "poor.csv"), "--no-quality-checks", "--json")
    assert ended.code == 0, ended.err
    assert (ended.report["rows_loaded"], ended.report["rows_quarantined"]) == (1, 3)
    assert ended.report["quality_score"] is None


@pytest.mark.slow
def test_a_feed_keeps_its_settings(retail: Retail, tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text(HEADER + LINE)
    assert retail("etl", str(tmp_path), "--currency", "EUR").code == 0
    ended = retail("etl", str(tmp_path), "--currency", "GBP")
    assert ended.code == 2
    assert "currency = EUR" in ended.err


@pytest.mark.slow
def test_dates_that_two_formats_read_are_asked_for(retail: Retail, tmp_path: Path) -> None:
    slashed = LINE.replace("2011-05-01 10:00:00", "5/1/2011 10:00")
    (tmp_path / "iso.csv").write_text(HEADER + LINE)
    (tmp_path / "slashed.csv").write_text(HEADER + slashed.replace("900001", "900004"))
    ended = retail("etl", str(tmp_path / "*.csv"), "--json")
    assert ended.code == 1
    assert "--date-format" in ended.err
    assert ended.report["rows_loaded"] == 1
    told = retail("etl", str(tmp_path / "*.csv"), "--date-format", "us", "--json")
    assert told.code == 0, told.err
    assert told.report["outcomes"] == {"loaded": 1, "unchanged": 1}


_REFUSED: list[tuple[tuple[str, ...], dict[str, str], str]] = [
    ((), {}, "sources: none are given"),
    (("--bogus",), {}, "--bogus"),
    (("x.csv", "--warehouse", "postgresql://u:secret-word@localhost/db"), {}, "DATABASE_URL"),
    (("x.csv",), {"DATABASE_URL": "postgresql://u:secret-word@example.com/db?sslmode=disable"}, "TLS"),
    (("--dry-run",), {}, "sources: none are given"),
    (("x.csv",), {"DATABASE_URL": "postgresql://u:secret-word@example.com:6543/db"}, "6543"),
    (("x.csv", "--threshold", "101"), {}, "threshold"),
    (("x.csv", "--timezone", "Europe/Lodnon"), {}, "time zone"),
    (("x.csv", "--date-format", "sideways"), {}, "date format"),
    (("x.csv", "--external-enrichment"), {}, "enrichment"),
]


@pytest.mark.parametrize(("arguments", "environment", "said"), slow_but(_REFUSED[:4], _REFUSED))
def test_settings_that_are_refused(
    retail: Retail, arguments: tuple[str, ...], environment: dict[str, str], said: str
) -> None:
    ended = retail("etl", *arguments, **environment)
    assert ended.code == 2, ended.err
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert "secret-word" not in ended.err + ended.out


def test_a_workspace_that_cannot_be_written(retail: Retail, tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text(HEADER + LINE)
    (tmp_path / "file").write_text("")
    ended = retail("etl", str(tmp_path / "one.csv"), RETAIL_WORKSPACE=str(tmp_path / "file" / "workspace"))
    assert ended.code == 1
    assert "workspace" in ended.err
    assert "RETAIL_WORKSPACE" in ended.err
    assert "Traceback" not in ended.err


def test_a_warehouse_out_of_reach_is_waited_for_and_told(retail: Retail) -> None:
    ended = retail("etl", "x.csv", DATABASE_URL="postgresql://u:secret-word@127.0.0.1:9/db?connect_timeout=3")
    assert ended.code == 1
    assert "waiting for the warehouse" in ended.err
    assert "postgresql://u@127.0.0.1:9/db: no connection within 3 s" in ended.err
    assert "Traceback" not in ended.err
    assert "secret-word" not in ended.err


def test_a_run_that_takes_too_long_is_ended_without_a_traceback(retail: Retail) -> None:
    ended = retail("etl", "x.csv", PIPELINE_EXECUTION_TIMEOUT_HOURS="0.00001")
    assert ended.code == 1
    assert "PIPELINE_EXECUTION_TIMEOUT_HOURS" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.slow
def test_settings_of_the_environment_are_those_of_the_run(retail: Retail, tmp_path: Path) -> None:
    day = tmp_path / "day.csv"
    day.write_text(f"{HEADER}\n536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n")
    ended = retail("etl", str(day), "--json", PIPELINE_QUALITY_THRESHOLD="72.5", PIPELINE_DEFAULT_RETRIES="1")
    assert ended.code == 0, ended.err
    assert ended.report["quality_threshold"] == 72.5
    assert ended.report["parameters"]["retries"] == 1
    assert ended.report["parameters"]["retry_delay_seconds"] == 5  # minutes, but on the command line seconds
    again = retail("etl", str(day), "--threshold", "80", "--json", PIPELINE_QUALITY_THRESHOLD="72.5")
    assert again.report["quality_threshold"] == 80


def test_settings_are_shown_with_their_origins(plain_retail: Retail) -> None:
    ended = plain_retail(
        "settings", "--json", PIPELINE_SMTP_PASSWORD="secret-word", PIPELINE_DEFAULT_RETRIES="7"
    )
    assert ended.code == 0, ended.err
    assert ended.report["PIPELINE_DEFAULT_RETRIES"] == {"value": "7", "origin": "environment"}
    assert ended.report["PIPELINE_QUALITY_THRESHOLD"] == {"value": "85", "origin": "default"}
    assert "secret-word" not in ended.out + ended.err
    assert "PIPELINE_DEFAULT_RETRIES" in plain_retail("settings").out


@pytest.mark.parametrize(
    "arguments", [("etl", "x.csv", "--dry-run"), ("sql", "--warehouse", "a-block", "select 1")]
)
def test_a_prefect_server_that_is_not_there(plain_retail: Retail, arguments: tuple[str, ...]) -> None:
    ended = plain_retail(*arguments, PREFECT_API_URL="http://127.0.0.1:9/api")
    assert ended.code == 1
    assert "http://127.0.0.1:9/api does not respond" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.slow
def test_a_name_stays_on_its_line_and_steers_no_terminal(retail: Retail, tmp_path: Path) -> None:
    (tmp_path / "z.csv\nNext step: nothing\x1b[31m\u202e.csv").write_text("rubbish\n")
    ended = retail("etl", str(tmp_path))
    assert ended.code == 1
    assert r"z.csv\nNext step: nothing\x1b[31m\u202e.csv" in ended.err
    assert not {"\x1b", "\u202e"} & set(ended.out + ended.err)
    assert not [line for line in ended.err.splitlines() if line.startswith("Next step")]


def test_a_reader_that_has_enough(retail: Retail) -> None:
    command = f"set -o pipefail; {sys.executable} -m flows sql 'select generate_series(1, 100000)' | true"
    ended = retail.run(["bash", "-c", command])
    assert (ended.code, ended.err) == (141, "")
