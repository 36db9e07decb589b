"""Each rule of the contract is broken by one line that breaks nothing else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tasks.errors import ContractBroken
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import batches, discover
from tasks.validate import contract as contracts
from tasks.validate.rules import Rule
from tasks.validate.score import refusal
from tasks.validate.settings import FeedSettings, Judging
from tasks.validate.silver import Silver, validate

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
SOUND = "536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom"
JUDGING = Judging(FeedSettings(), date(2020, 1, 1))
# Rule: dimension, severity, and the line that breaks it alone.
BROKEN = {
    "invoice_no_present": ("completeness", "error", SOUND.replace("536365", " ")),
    "stock_code_present": ("completeness", "error", SOUND.replace("85123A", "")),
    "customer_present": ("completeness", "warning", SOUND.replace("17850.0", "")),
    "description_present": ("completeness", "warning", SOUND.replace("HOLDER", "  ")),
    "country_present": ("completeness", "warning", SOUND.replace("United Kingdom", "")),
    "not_a_copy": ("uniqueness", "warning", SOUND),
    "row_complete": ("validity", "error", SOUND + ",x"),
    "quantity_readable": ("validity", "error", SOUND.replace(",6,", ",six,")),
    "quantity_not_zero": ("validity", "error", SOUND.replace(",6,", ",0,")),
    "unit_price_readable": ("validity", "error", SOUND.replace("2.55", "2.5.5")),
    "unit_price_exact": ("validity", "error", SOUND.replace("2.55", "2.00001")),
    "total_amount_in_range": (
        "validity",
        "error",
        SOUND.replace(",6,", ",2000000000,").replace("2.55", "999999999"),
    ),
    "sold_at_readable": ("validity", "error", SOUND.replace("2010-12-01 08:26:00", "yesterday")),
    "sold_at_exists": ("validity", "error", SOUND.replace("2010-12-01 08:26:00", "2011-03-27 01:30:00")),
    "customer_id_whole": ("validity", "error", SOUND.replace("17850.0", "17850.5")),
    "invoice_no_storable": ("validity", "error", SOUND.replace("536365", "5" * 101)),
    "stock_code_storable": ("validity", "error", SOUND.replace("85123A", "8" * 101)),
    "country_storable": ("validity", "error", SOUND.replace("United Kingdom", "U" * 201)),
    "description_storable": ("validity", "error", SOUND.replace("HOLDER", "H" * 4001)),
    "unit_price_not_zero": ("validity", "warning", SOUND.replace("2.55", "0")),
    "negative_price_is_adjustment": ("consistency", "warning", SOUND.replace("2.55", "-2.55")),
    "cancellation_is_negative": ("consistency", "warning", SOUND.replace("536365", "C536365")),
    "not_in_the_future": ("timeliness", "error", SOUND.replace("2010-12-01", "2020-01-02")),
    "not_before_2000": ("timeliness", "error", SOUND.replace("2010-12-01", "1999-12-31")),
}


def _judge(folder: Path, *lines: str) -> Silver:
    folder.mkdir(exist_ok=True)
    (folder / "day.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    (batch,) = batches(discover([str(folder / "day.csv")]).deliveries)
    bronze = ingest(batch, {}, folder / "workspace").bronze
    assert bronze is not None
    return validate(bronze, JUDGING, folder / "workspace")


@pytest.mark.parametrize("rule", BROKEN)
def test_a_line_that_breaks_one_rule(tmp_path: Path, rule: str) -> None:
    dimension, severity, line = BROKEN[rule]
    silver = _judge(tmp_path, SOUND, line)
    (judged,) = silver.deliveries
    assert dict(judged.rules) == {rule: 1}
    counts = judged.dimensions[dimension]
    assert (counts.errors, counts.warnings) == ((1, 0) if severity == "error" else (0, 1))
    assert judged.rows_quarantined == (severity == "error")
    set_aside = pl.read_parquet(silver.quarantine)
    if severity == "error":
        assert set_aside.select("line_no", "rules").rows() == [(2, [rule])]
    else:
        assert set_aside.height == 0


def test_no_rule_is_without_a_line() -> None:
    every = contracts.rules(JUDGING.as_of)
    told = {rule.name: (dimension, rule.severity) for dimension, some in every.items() for rule in some}
    assert told == {name: (dimension, severity) for name, (dimension, severity, _) in BROKEN.items()}


def test_exact_score_of_known_faults(tmp_path: Path) -> None:
    faults = [BROKEN[name][2] for name in ("quantity_not_zero", "sold_at_readable", "unit_price_not_zero")]
    lines = [SOUND.replace("536365", str(number)) for number in range(536400, 536415)]
    guests = [SOUND.replace("536365", str(number)).replace("17850.0", "") for number in (1, 2)]
    (judged,) = _judge(tmp_path, *lines, *faults, *guests).deliveries
    scores = judged.scores()
    assert judged.rows_in == 20
    assert scores == {
        "completeness": pytest.approx(100 * (1 - 2 / 20 / 2)),
        "uniqueness": 100,
        "validity": pytest.approx(100 * (1 - 2 / 20 - 1 / 20 / 2)),
        "consistency": 100,
        "timeliness": 100,
    }
    assert judged.score() == pytest.approx((95 + 100 + 87.5 + 100 + 100) / 5)
    assert judged.score({"validity": 3}) == pytest.approx((95 + 100 + 3 * 87.5 + 100 + 100) / 7)
    assert refusal(judged, 90) is None
    assert "90.0 % of its lines" in str(refusal(judged, 90.1))
    assert "quality score is 87.5" in str(
        refusal(judged, 88, dict.fromkeys(("completeness", "uniqueness", "consistency", "timeliness"), 0.0))
    )


def test_a_rule_that_raises_is_no_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Rule("wrong", "country", "warning", pl.col("no_such_column"), "")
    monkeypatch.setattr(contracts.completeness, "RULES", (*contracts.completeness.RULES, wrong))
    with pytest.raises(ContractBroken, match="wrong"):
        _judge(tmp_path, SOUND)


def test_every_real_day_passes_the_gate(days: Path, tmp_path: Path) -> None:
    judged = [
        one
        for batch in batches(discover([str(days)]).deliveries)
        for one in validate(ingest(batch, {}, tmp_path).bronze, JUDGING, tmp_path).deliveries  # type: ignore[arg-type]
    ]
    assert len(judged) == 305
    assert [one.name for one in judged if refusal(one, 85)] == []
    assert min(one.score() for one in judged) == pytest.approx(91.24, abs=0.01)
    assert sum(one.rows_identical for one in judged) == 5_268
