"""Each of the 305 real days passes the gate; none of their lines is set aside."""

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


def test_every_day(days: Path, tmp_path: Path) -> None:
    bronzes = [ingest(batch, {}, tmp_path).bronze for batch in batches(discover([str(days)]).deliveries)]
    silvers = [
        validate(bronze, ValidationSettings(FeedSettings(), AS_OF), tmp_path) for bronze in bronzes if bronze
    ]
    quality = {Path(one.name).stem: one for silver in silvers for one in silver.deliveries}
    assert len(quality) == 305
    assert [name for name, one in quality.items() if rejection_reason(one, DEFAULT_THRESHOLD)] == []
    assert sum(one.rows_quarantined for one in quality.values()) == 0

    worst = min(quality, key=lambda name: quality[name].score())
    assert (worst, round(quality[worst].score(), 1)) == ("2011-08-30", 91.2)
    assert sum(one.rows_identical for one in quality.values()) == 5_268
    assert sum(Decimal(one.identical_amount) for one in quality.values()) == Decimal("21740.98")

    rules: dict[str, int] = {}
    for one in quality.values():
        for rule, count in one.rules.items():
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
