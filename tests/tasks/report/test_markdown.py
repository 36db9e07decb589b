"""The Markdown report shows text from files literally, never as markup."""

from dataclasses import replace

from tasks.report.markdown import as_markdown, escape
from tasks.report.run_report import DeliveryReport, RunReport
from tasks.report.totals import totals


def report(*deliveries: DeliveryReport) -> RunReport:
    return RunReport(
        run_id="0",
        status="failed",
        feed={"feed": "default", "currency": "GBP"},
        warehouse="postgresql://retail@/retail",
        started_at="",
        finished_at="",
        quality_threshold=85,
        deliveries=deliveries,
        passed_over=(),
        tables={"fact_sale": 1},
        top_countries=(),
        stages=(),
        seconds=1,
        cpu_seconds=1,
        peak_memory_mb=1,
        parameters={},
        versions={},
        report_path="/reports/0.json",
        **totals(deliveries),
    )


def test_text_from_files_is_escaped() -> None:
    hostile = "x|y](http://evil) <script>alert(1)</script> `code` **bold**\n# head.csv"
    text = as_markdown(report(DeliveryReport(hostile, "failed", reason=f"{hostile}: unreadable")))
    assert "<script>" not in text
    assert "](http" not in text
    assert "**bold**" not in text
    assert "\n# head" not in text
    assert all(line.count(" | ") <= 9 for line in text.splitlines())


def test_escape_keeps_plain_text() -> None:
    assert escape("2010-12-01.csv: 3 lines") == "2010-12-01.csv: 3 lines"


def test_problems_come_first() -> None:
    good = DeliveryReport(
        "good.csv",
        "loaded",
        rows_in=2,
        rows_loaded=2,
        quality_score=99.0,
        dimensions=dict.fromkeys(
            ("completeness", "uniqueness", "validity", "consistency", "timeliness"), 99.0
        ),
    )
    text = as_markdown(report(good, DeliveryReport("bad.csv", "failed", reason="bad.csv: it is empty")))
    assert text.index("Not loaded") < text.index("Deliveries")
    assert "2 in = 2 loaded \\+ 0 duplicate \\+ 0 quarantined" in text


def test_notes_on_a_delivery_are_shown() -> None:
    noted = DeliveryReport("good.csv", "loaded", notes=("the header came again 2 times.",))
    text = as_markdown(report(noted))
    assert "## Notes on deliveries" in text
    assert "| good.csv | the header came again 2 times. |" in text
    assert "Notes on" not in as_markdown(report(DeliveryReport("good.csv", "loaded")))


def test_links_out_and_origins_of_settings_are_shown() -> None:
    links = {f"/inbox/<b>{number}.csv": "/private" for number in range(60)}
    text = as_markdown(replace(report(), links_out=links, settings={"DATABASE_URL": "/shop/.env"}))
    assert "## Links out of the sources (60, 50 shown)" in text
    assert "| /inbox/&lt;b&gt;0.csv | /private |" in text
    assert "| DATABASE\\_URL | /shop/.env |" in text
    assert "Links out" not in as_markdown(report())


def test_files_passed_over_are_shown() -> None:
    text = as_markdown(replace(report(), passed_over=tuple(f"/inbox/<b>{n}.pdf" for n in range(60))))
    assert "## Passed over in the sources (60, 50 shown)" in text
    assert "| /inbox/&lt;b&gt;0.pdf |" in text
    assert "Passed over" not in as_markdown(report())


def test_rows_that_are_no_lines_are_in_the_balance() -> None:
    passed_over = {"Kind = <b>card": {"rows": 3, "amounts": {"EUR": "4.5000", "": "1.0000"}}}
    till = DeliveryReport(
        "till.csv", "loaded", rows_in=5, rows_loaded=2, rows_passed_over=3, passed_over=passed_over
    )
    text = as_markdown(report(till))
    assert "5 in = 2 loaded \\+ 0 duplicate \\+ 0 quarantined \\+ 3 passed over" in text
    assert "| Kind = &lt;b&gt;card | no line | 3 | 1.0000, 4.5000 EUR |" in text
    assert "no sales or no lines" not in as_markdown(report())
