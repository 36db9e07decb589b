"""A last line that was cut is quarantined, with all that is left of it; the other lines load."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tasks.ingest.readers import parts
from tests.support.deliveries import NAMES, as_csv, bronze_of, ingest_sources, row, write
from tests.support.lines import lines_of, validate_sources

LAST_IS_PRICE = (*NAMES[:5], *NAMES[6:], NAMES[5])
PRICED = [(*line[:5], *line[6:], line[5]) for line in (row(invoice_no=str(number)) for number in range(5))]


@pytest.mark.parametrize("size", [1, 10_000], ids=["parts", "one part"])
def test_it_is_quarantined_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(parts, "ROWS_PER_PART", size)
    cut = as_csv(PRICED, LAST_IS_PRICE, lineterminator="\n").removesuffix("5\n")
    whole = as_csv(PRICED, LAST_IS_PRICE, lineterminator="\n")
    days = [write(tmp_path / "1.csv", cut), write(tmp_path / "2.csv", whole)]
    silver = validate_sources(tmp_path / "w", days)
    assert [quality.rules.get("line_unfinished", 0) for quality in silver.deliveries] == [1, 0]
    quality = silver.deliveries[0]
    assert (quality.rows_in, quality.rows_quarantined, quality.dimensions["completeness"].errors) == (5, 1, 1)
    assert [(sample.line, sample.value) for sample in quality.samples] == [(5, "2.5")]
    (quarantined,) = pl.read_parquet(silver.quarantine).iter_rows(named=True)
    assert '"UnitPrice":"2.5"' in quarantined["raw"]
    assert lines_of(silver).height == 9


def test_a_line_that_lost_whole_fields_is_not_complete(tmp_path: Path) -> None:
    cut = as_csv(PRICED, LAST_IS_PRICE, lineterminator="\n").removesuffix(",United Kingdom,2.55\n")
    day = write(tmp_path / "1.csv", cut)
    (quality,) = validate_sources(tmp_path / "w", [day]).deliveries
    assert quality.rules == {"row_complete": 1}
    assert bronze_of(ingest_sources(tmp_path / "w", day)).deliveries[0].notes == ()
