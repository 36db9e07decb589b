"""A delivery with too much quarantined text keeps the start of it, and says so."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tasks.ingest import source_file
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tasks.ingest.readers import csv, parts
from tasks.validate.settings import FeedSettings, ValidationSettings
from tasks.validate.silver import validate
from tests.support.deliveries import as_csv, row, write
from tests.support.lines import AS_OF


def test_no_more_than_the_limit_and_a_part_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", 0)
    monkeypatch.setattr(source_file, "CHUNK_BYTES", 500)
    monkeypatch.setattr(csv, "PEEK", 100)
    monkeypatch.setattr(parts, "ROWS_PER_PART", 10)
    bad = write(tmp_path / "bad.csv", as_csv([row(quantity="0")] * 200))
    good = write(tmp_path / "good.csv", as_csv([row(), row(quantity="0")]))
    bronze = ingest(discover([str(bad), str(good)]).deliveries, {}, tmp_path / "w").bronze
    assert bronze
    silver = validate(bronze, ValidationSettings(FeedSettings(), AS_OF, 5_000), tmp_path / "w")
    assert [quality.quarantine_truncated for quality in silver.deliveries] == [True, False]
    assert [quality.rows_quarantined for quality in silver.deliveries] == [200, 1]
    kept = pl.read_parquet(silver.quarantine).group_by("delivery", maintain_order=True).len().rows()
    assert [name for name, _ in kept] == [str(bad), str(good)]
    assert kept[0][1] < 50
    assert kept[1][1] == 1
