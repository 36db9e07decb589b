"""A mapped delivery has the same lines as the one that is written under our own names."""

from __future__ import annotations

import tempfile
from itertools import product
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings

from tasks.ingest import source_file
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tasks.ingest.readers import csv, parquet, parts
from tasks.validate.settings import FeedSettings, ValidationSettings
from tasks.validate.silver import validate
from tests.support import slices
from tests.support.lines import AS_OF, lines_of
from tests.support.soak import size
from tests.support.till_export import RECEIPTS, Receipt, lines, mapping, write_export

_WHERE = ("delivery", "line_no")


def _silver_lines(path: Path, workspace: Path, mapping: str | None = None) -> pl.DataFrame:
    feed = FeedSettings(mapping=mapping)
    ingested = ingest(discover([str(path)]).deliveries, {}, workspace, reading=feed.reading)
    assert ingested.bronze is not None, ingested.failed
    silver = validate(ingested.bronze, ValidationSettings(feed, AS_OF), workspace)
    return lines_of(silver).drop(_WHERE)


def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read files in blocks of a row or two, each a part."""
    monkeypatch.setattr(source_file, "HELD_BYTES", 0)
    monkeypatch.setattr(source_file, "CHUNK_BYTES", 150)
    monkeypatch.setattr(csv, "PEEK", 150)
    monkeypatch.setattr(parts, "ROWS_PER_PART", 2)
    monkeypatch.setattr(parquet, "ROWS_PER_PART", 2)


_WAYS = list(product([".csv", ".parquet"], ["whole", "in blocks"]))


@pytest.mark.parametrize(
    ("suffix", "read", "exports"),
    [
        (".csv", "in blocks", 2),
        (".parquet", "whole", 2),
        *(pytest.param(*way, 8, marks=pytest.mark.slow) for way in _WAYS),
    ],
)
def test_a_mapped_delivery_has_the_lines_of_the_plain_one(
    suffix: str, read: str, exports: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if read == "in blocks":
        _small_blocks(monkeypatch)

    @settings(max_examples=size(exports, soak=2000))
    @given(RECEIPTS)
    def check(receipts: list[Receipt]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            plain = slices.write(Path(folder) / f"plain{suffix}", lines(receipts))
            export = write_export(Path(folder) / f"till{suffix}", receipts)
            workspace = Path(folder) / "workspace"
            expected = _silver_lines(plain, workspace)
            assert _silver_lines(export, workspace, mapping()).equals(expected)

    check()
