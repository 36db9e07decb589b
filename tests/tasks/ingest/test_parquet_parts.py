"""Parquet is read in parts of bounded size, with consecutive line numbers."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.ingest import source_file
from tasks.ingest.readers import parquet
from tests.support.deliveries import NAMES, ROW, bronze_of, frame_of, ingest_sources


def _table(rows: int) -> pa.Table:
    columns = {name: [value] * rows for name, value in zip(NAMES, ROW, strict=True)}
    return pa.table(columns | {"InvoiceNo": [str(number) for number in range(1, rows + 1)]})


@pytest.mark.parametrize("row_group", [1, 7, 1000])
@pytest.mark.parametrize("held", [10_000_000, 0], ids=["held", "large"])
def test_row_groups_and_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row_group: int, held: int
) -> None:
    monkeypatch.setattr(parquet, "ROWS_PER_PART", 10)
    monkeypatch.setattr(source_file, "HELD_BYTES", held)
    pq.write_table(_table(35), tmp_path / "lines.parquet", row_group_size=row_group)
    bronze = bronze_of(ingest_sources(tmp_path / "w", tmp_path / "lines.parquet"))
    frame = frame_of(bronze)
    assert (bronze.parts, bronze.rows) == (4, 35)
    assert frame.get_column("line_no").to_list() == list(range(1, 36))
    assert frame.get_column("invoice_no").to_list() == [str(number) for number in range(1, 36)]


def test_empty_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "lines.parquet"
    with pq.ParquetWriter(path, _table(2).schema) as writer:
        for rows in (0, 2, 0, 3, 0):
            writer.write_table(_table(3).slice(0, rows))
    assert bronze_of(ingest_sources(tmp_path / "w", path)).rows == 5


def test_bundled_file_read_as_a_large_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, real_lines: pl.DataFrame
) -> None:
    lines = real_lines.head(150_000)
    lines.write_parquet(tmp_path / "lines.parquet")
    monkeypatch.setattr(source_file, "HELD_BYTES", 0)
    bronze = bronze_of(ingest_sources(tmp_path / "w", tmp_path / "lines.parquet"))
    assert bronze.parts == 2
    assert frame_of(bronze).select(pl.nth(range(3, 11))).rows() == lines.rows()


def test_format_of_another_writer(tmp_path: Path) -> None:
    """Format version 1, gzip and other data pages, as pandas or Spark write them."""
    buffer = io.BytesIO()
    pq.write_table(_table(5), buffer, version="1.0", compression="gzip", data_page_version="2.0")
    (tmp_path / "lines.PARQUET").write_bytes(buffer.getvalue())
    assert bronze_of(ingest_sources(tmp_path / "w", tmp_path / "lines.PARQUET")).rows == 5
