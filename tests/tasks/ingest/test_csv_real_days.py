"""The 305 bundled days are read as the text of the bundled Parquet file."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tasks.ingest.bronze import ingest
from tasks.ingest.discover import batches, discover
from tests.support.deliveries import NAMES, frame_of


def test_all_columns_of_all_lines(days: Path, real_lines: pl.DataFrame, tmp_path: Path) -> None:
    deliveries = discover([str(days)]).deliveries
    assert len(deliveries) == 305
    bronzes = [ingest(batch, {}, tmp_path).bronze for batch in batches(deliveries)]
    assert len(bronzes) > 1
    read = pl.concat(frame_of(bronze) for bronze in bronzes if bronze)

    by_day = real_lines.with_columns(day=pl.col("InvoiceDate").str.head(10)).sort("day", maintain_order=True)
    as_delivered = by_day.select(NAMES).rename(dict(zip(NAMES, read.columns[3:11], strict=True)))
    assert read.select(read.columns[3:11]).equals(as_delivered)
    assert read.get_column("fault").null_count() == read.get_column("raw").null_count() == 541_909
    expected = by_day.select(
        (str(days) + "/" + pl.col("day") + ".csv").alias("delivery"),
        pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("day").alias("line_no"),
    )
    assert read.select("delivery", "line_no").equals(expected)

    row_counts = {
        delivery.name: delivery.rows for bronze in bronzes if bronze for delivery in bronze.deliveries
    }
    assert row_counts == dict(expected.group_by("delivery").len().iter_rows())
