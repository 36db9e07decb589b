"""One hostile text through every door: whatever shows it, it steers nothing, poses as nothing and mentions nobody."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
from dataclasses import replace
from pathlib import Path

import pytest

from api.pages.lineage_picture import draw_lineage
from api.pages.rendering import render
from api.pages.site import page
from api.problems import Problem
from flows.cli import doctor_output, progress_display, settings, sql, summary
from tasks import progress
from tasks.alerts.channels.email import as_html, message
from tasks.alerts.channels.slack import blocks, fallback
from tasks.doctor.finding import problem
from tasks.doctor.markdown import as_markdown as doctor_markdown
from tasks.errors import DeliveryUnreadable
from tasks.outside_text import displayable
from tasks.postgres.settings import ConnectionSettings
from tasks.report.lineage.assets import materializations
from tasks.report.lineage.emitter import LineageDelivery
from tasks.report.lineage.location import asset_key, file_location, table_location
from tasks.report.lineage.sinks.sink import LineageNotDelivered
from tasks.report.markdown import as_markdown
from tasks.report.run_report import DeliveryReport, RunReport
from tasks.report.totals import totals
from tasks.warehouse.warehouse_figures import CountryRevenue
from tests.support.alert_samples import sample

HOSTILE = (
    "\x1b[31mred\x1b]0;title\x07\x1b]8;;https://evil.example\x1b\\link\x9b2J \u202egpj.exe\u2066\u200b \r\n# head\t"
    "<script>alert(1)</script> [pay](https://evil.example) `code` **bold** | cell <!channel> <@U1> [bold]rich[/] "
    "postgresql://ann:marked-secret@h/db"
)
STEERING = ("\x1b", "\x07", "\x9b", "\u202e", "\u2066", "\u200b", "\r")
SHOWN = displayable(HOSTILE)


def ensure_harmless(text: str) -> None:
    """No character that steers, no secret, and no line that the hostile text begins."""
    assert not [character for character in STEERING if character in text]
    assert not re.search(r"^\s*# head", text, re.MULTILINE)
    assert "marked-secret" not in text


def _report() -> RunReport:
    deliveries = (
        DeliveryReport(HOSTILE, "failed", reason=DeliveryUnreadable(HOSTILE, delivery=HOSTILE).reason),
        DeliveryReport("good.csv", "loaded", rows_in=1, rows_loaded=1, notes=(HOSTILE,)),
    )
    return RunReport(
        run_id="0",
        status="failed",
        feed={"feed": HOSTILE, "currency": "GBP"},
        warehouse="",
        started_at="",
        finished_at="",
        quality_threshold=85,
        deliveries=deliveries,
        passed_over=(HOSTILE,),
        tables={"fact_sale": 1},
        top_countries=(CountryRevenue(HOSTILE, "GBP", "1.00"),),
        stages=(),
        seconds=1,
        cpu_seconds=1,
        peak_memory_mb=1,
        parameters={"root": HOSTILE, "warehouse": ""},
        versions={},
        report_path="/reports/0.json",
        error=str(DeliveryUnreadable(HOSTILE, delivery=HOSTILE)),
        **totals(deliveries),
    )


def _unwrapped(text: str) -> str:
    return "".join(text.split())


def test_summary(capsys: pytest.CaptureFixture[str]) -> None:
    summary.print_summary(_report())
    out = capsys.readouterr().out
    ensure_harmless(out)
    assert _unwrapped(r"\x1b[31mred") in _unwrapped(out)
    assert _unwrapped(r"note good.csv: \x1b[31mred") in _unwrapped(out)
    assert _unwrapped(r"1 other file in the sources (passed over): \x1b[31mred") in _unwrapped(out)
    assert "[bold]rich[/]" in out


def test_summary_names_some_of_the_files_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    files = tuple(f"/inbox/{number}.pdf" for number in range(12))
    link = "/inbox/link.csv"
    summary.print_summary(replace(_report(), passed_over=(*files, link), links_out={link: "/private"}))
    out = capsys.readouterr().out
    assert "12 other files in the sources (passed over): /inbox/0.pdf, /inbox/1.pdf, " in out
    assert "/inbox/9.pdf and 2 more\n" in out


def test_lineage() -> None:
    delivered = replace(_report(), deliveries=(DeliveryReport(HOSTILE, "loaded"),))
    warehouse = ConnectionSettings("db.example.com", 5432, HOSTILE)
    places = file_location(HOSTILE), file_location(f"s3://bucket/{HOSTILE}"), table_location(warehouse, "a.b")
    for text in (
        *(str(place) for place in places),
        *(asset_key(place) for place in places),
        str(materializations(delivered, warehouse)),
        LineageDelivery(0, 1, (str(LineageNotDelivered(HOSTILE, sink="file")),)).summary,
    ):
        ensure_harmless(text)
        assert "red" in text


def test_sql_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "1000")
    cell = HOSTILE.replace("marked-secret", "x")
    sql._print([cell], [(cell,)])
    out = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    ensure_harmless(out)
    assert out.count(r"\x1b]0;title") == 2


def test_sql_in_a_pipe_is_data(capsys: pytest.CaptureFixture[str]) -> None:
    sql._print(["name"], [(HOSTILE,)])
    ((name,), (cell,)) = csv.reader(io.StringIO(capsys.readouterr().out, newline=""))
    assert (name, cell) == ("name", HOSTILE)


@pytest.mark.parametrize("show", [doctor_output.print_findings, doctor_output._print_table])
def test_doctor(capsys: pytest.CaptureFixture[str], show) -> None:  # type: ignore[no-untyped-def]
    show((problem(HOSTILE, HOSTILE.replace("\r\n", " "), HOSTILE.replace("\r\n", " ")),))
    ensure_harmless(capsys.readouterr().out)


def test_settings(capsys: pytest.CaptureFixture[str]) -> None:
    settings._print([("RETAIL_WORKSPACE", HOSTILE, HOSTILE)])
    ensure_harmless(capsys.readouterr().out)


def test_progress(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_display.show_progress():
        progress.report("task.retrying", HOSTILE)
    err = capsys.readouterr().err
    ensure_harmless(err)
    assert err.count("\n") == 1
    assert SHOWN in err


def test_an_error_wherever_it_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    error = DeliveryUnreadable(f"cannot be read: {HOSTILE}", HOSTILE, delivery=HOSTILE)
    shown = [str(error), error.reason, error.what, error.next_step, str(error.args)]
    logging.getLogger("prefect.flow_runs").warning("The report is incomplete: %s", error)
    for text in [*shown, caplog.text]:
        ensure_harmless(text)
    assert "\n" not in str(error)
    assert str(error).startswith(f"{SHOWN}: ")


def test_json_is_raw_and_on_one_line() -> None:
    line = _report().to_json()
    assert "\n" not in line
    ensure_harmless(line.replace("marked-secret", ""))
    assert json.loads(line)["deliveries"][0]["name"] == HOSTILE


@pytest.mark.parametrize(
    "text", [as_markdown(_report()), doctor_markdown((problem(HOSTILE, HOSTILE, HOSTILE),))]
)
def test_artifact(text: str) -> None:
    ensure_harmless(text)
    for markup in ("<script", "](https", "**bold**", "`code`", "<!channel"):
        assert markup not in text
    # A cell that breaks out of its row would add one.
    rows = [line for line in text.splitlines() if "gpj.exe" in line and line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} <= {2, 3, 4, 5, 10}


def test_slack() -> None:
    alert = replace(sample(what=HOSTILE, title=HOSTILE, feed=HOSTILE), next_step=HOSTILE)
    payload = [blocks(alert), fallback(alert)]
    for text in (json.dumps(payload, ensure_ascii=False), fallback(alert)):
        ensure_harmless(text)
    assert {block["text"]["type"] for block in blocks(alert) if "text" in block} == {"plain_text"}
    assert "<" not in fallback(alert)


def test_email() -> None:
    alert = replace(sample(what=HOSTILE, title=HOSTILE, feed=HOSTILE), next_step=HOSTILE)
    mail = message(alert, "retail@example.org", ("night@example.org",))
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert "\n" not in str(mail["Subject"])
    for text in (as_html(alert), plain.get_content(), str(mail["Subject"])):
        assert not [character for character in STEERING if character in text]
        assert "marked-secret" not in text
    assert "<script" not in as_html(alert)


def test_a_link_of_the_text_is_no_link(tmp_path: Path) -> None:
    alert = sample(link=HOSTILE)
    assert "href" not in as_html(alert)
    assert all(block["type"] != "actions" for block in blocks(alert))


def test_problems_of_the_api() -> None:
    body = json.loads(bytes(Problem(409, HOSTILE, HOSTILE).response().body))
    for text in (body["detail"], body["next_step"]):
        ensure_harmless(text)
        assert text == SHOWN


def test_pages_of_the_api() -> None:
    operation = {
        "id": "x",
        "method": "GET",
        "path": HOSTILE,
        "description": HOSTILE,
        "access": "",
        "parameters": [{"name": HOSTILE, "where": "query", "values": HOSTILE, "meaning": HOSTILE}],
        "answers": [{"status": "200", "description": HOSTILE, "example": HOSTILE}],
    }
    document = {"info": {"title": HOSTILE, "description": HOSTILE}}
    page = render("documentation.html", document=document, operations=[operation])
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_pages_of_the_warehouse() -> None:
    attempt = {"name": HOSTILE, "outcome": "refused", "rows_in": 1}
    attempt |= dict.fromkeys(("rows_loaded", "rows_duplicate", "rows_quarantined", "rows_passed_over"), 0)
    problem_details = json.loads(bytes(Problem(409, HOSTILE, HOSTILE).response().body))
    members = {**problem_details, "errors": [{"location": HOSTILE, "message": HOSTILE}], "instance": HOSTILE}
    problem_page = page("problem.html", "", HOSTILE, problem=members)
    for text in (bytes(problem_page.body).decode(), str(draw_lineage([attempt]))):
        ensure_harmless(text)
        assert "<script" not in text
        assert "<b" not in text.replace("<body", "")
