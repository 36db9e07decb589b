"""What a notebook shows of a report, and its deliveries as a frame."""

from dataclasses import fields
from decimal import Decimal

from tasks.report.frame import SCHEMA
from tasks.report.run_report import DeliveryReport
from tasks.validate.score import DIMENSIONS
from tests.tasks.report.test_markdown import report


def test_a_report_shows_itself_escaped() -> None:
    shown = report(
        DeliveryReport("<script>alert(1)</script>.csv", "failed", reason="empty")
    )._repr_markdown_()
    assert shown.startswith("# retail-etl: failed")
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown


def test_deliveries_as_a_frame() -> None:
    loaded = DeliveryReport(
        "good.csv",
        "loaded",
        rows_in=3,
        rows_loaded=3,
        identical_amount="12.75",
        quality_score=99.5,
        dimensions=dict.fromkeys(DIMENSIONS, 99.5),
        rules={"customer_present": 1},
        passed_over={"card": {"rows": 2, "amounts": {"EUR": "4.5"}}},
    )
    frame = report(loaded, DeliveryReport("bad.csv", "failed", reason="empty")).to_frame()
    assert frame["name"].to_list() == ["good.csv", "bad.csv"]
    assert frame["rows_in"].sum() == 3
    assert frame["identical_amount"].to_list() == [Decimal("12.75"), Decimal(0)]
    assert frame["validity"].to_list() == [99.5, None]
    assert frame["rules"].to_list() == [[{"rule": "customer_present", "lines": 1}], []]
    assert frame["passed_over"].to_list() == [
        [{"reason": "card", "rows": 2, "amounts": [{"currency": "EUR", "amount": Decimal("4.5")}]}],
        [],
    ]


def test_every_figure_of_a_delivery_is_in_the_frame() -> None:
    figures = {field.name for field in fields(DeliveryReport)} - {"dimensions"} | set(DIMENSIONS)
    assert set(SCHEMA) == figures
    assert set(report().to_frame().columns) == figures
