"""Each of the 305 bundled days passes the quality gate, and none of their lines is quarantined."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import polars as pl

from tasks.ingest.bronze import ingest
from tasks.ingest.discover import batches, discover
from tasks.validate.score import DEFAULT_THRESHOLD, rejection_reason
from tasks.validate.settings import FeedSettings, ValidationSettings
from tasks.validate.silver import validate
from tests.support.lines import AS_OF, lines_of


def test_all_days(days: Path, tmp_path: Path) -> None:
    bronzes = [ingest(batch, {}, tmp_path).bronze for batch in batches(discover([str(days)]).deliveries)]
    silvers = [
        validate(bronze, ValidationSettings(FeedSettings(), AS_OF), tmp_path) for bronze in bronzes if bronze
    ]
    by_day = {Path(quality.name).stem: quality for silver in silvers for quality in silver.deliveries}
    assert len(by_day) == 305
    assert [day for day, quality in by_day.items() if rejection_reason(quality, DEFAULT_THRESHOLD)] == []
    assert sum(quality.rows_quarantined for quality in by_day.values()) == 0

    worst = min(by_day, key=lambda day: by_day[day].score())
    assert (worst, round(by_day[worst].score(), 1)) == ("2011-08-30", 91.2)
    assert sum(quality.rows_identical for quality in by_day.values()) == 5_268
    assert sum(Decimal(quality.identical_amount) for quality in by_day.values()) == Decimal("21740.98")

    rules: dict[str, int] = {}
    for quality in by_day.values():
        for rule, count in quality.rules.items():
            rules[rule] = rules.get(rule, 0) + count
    assert rules == {
        "customer_present": 135_080,
        "description_present": 1_454,
        "not_a_copy": 5_268,
        "unit_price_not_zero": 2_515,
    }
    lines = pl.concat(lines_of(silver) for silver in silvers)
    assert lines.height == 541_909
    assert lines.get_column("total_amount").sum() == Decimal("9747747.934")
    assert lines.get_column("stock_code").n_unique() == 3_958
    assert lines.get_column("line_id").n_unique() == 541_909
