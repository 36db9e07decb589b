"""The sums of the report add up, and its amounts are exact."""

from tasks.report.run_report import DeliveryReport
from tasks.report.totals import totals

SCORES = dict.fromkeys(("completeness", "uniqueness", "validity", "consistency", "timeliness"), 100.0)


def test_sums_and_weighted_means() -> None:
    loaded = DeliveryReport(
        "a",
        "loaded",
        rows_in=10,
        rows_loaded=7,
        rows_duplicate=2,
        rows_quarantined=1,
        identical_lines=2,
        identical_amounts={"GBP": "0.1000", "EUR": "7.0000"},
        quality_score=90.0,
        dimensions=SCORES | {"validity": 50.0},
    )
    replaced = DeliveryReport(
        "b",
        "replaced",
        rows_in=30,
        rows_loaded=30,
        identical_lines=1,
        identical_amounts={"GBP": "0.2000"},
        quality_score=100.0,
        dimensions=SCORES,
    )
    refused = DeliveryReport("c", "refused", rows_in=40, quality_score=20.0, dimensions=SCORES, reason="poor")
    unchanged = DeliveryReport("d", "unchanged")
    sums = totals((loaded, replaced, refused, unchanged))
    assert sums["rows_in"] == sums["rows_loaded"] + sums["rows_duplicate"] + sums["rows_quarantined"] == 40
    assert sums["rows_refused"] == 40
    assert sums["identical_amount"] == {"EUR": "7.0000", "GBP": "0.3000"}
    assert sums["quality_score"] == round((90 * 10 + 100 * 30 + 20 * 40) / 80, 2)
    assert sums["dimensions"]["validity"] == round((50 * 10 + 100 * 70) / 80, 2)
    assert sums["outcomes"] == {"loaded": 1, "replaced": 1, "refused": 1, "unchanged": 1}


def test_rows_that_are_no_lines_weigh_nothing() -> None:
    till = DeliveryReport(
        "a",
        "loaded",
        rows_in=100,
        rows_loaded=10,
        rows_passed_over=90,
        passed_over={
            "card": {"rows": 60, "amounts": {"EUR": "0.1000", "": "1.0000"}},
            "training": {"rows": 30, "amounts": {}},
        },
        quality_score=80.0,
        dimensions=SCORES,
    )
    further = DeliveryReport(
        "b",
        "loaded",
        rows_in=31,
        rows_loaded=30,
        rows_passed_over=1,
        passed_over={"card": {"rows": 1, "amounts": {"EUR": "0.2000"}}},
        quality_score=100.0,
        dimensions=SCORES,
    )
    refused = DeliveryReport("c", "refused", rows_in=7, rows_passed_over=7, passed_over=till.passed_over)
    sums = totals((further, till, refused))
    assert (sums["rows_in"], sums["rows_loaded"], sums["rows_passed_over"]) == (131, 40, 91)
    assert list(sums["passed_over_by_reason"].items()) == [
        ("card", {"rows": 61, "amounts": {"": "1.0000", "EUR": "0.3000"}}),
        ("training", {"rows": 30, "amounts": {}}),
    ]
    assert sums["quality_score"] == 95.0
