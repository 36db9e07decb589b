"""Each stage writes the columns and types that its schema declares, whatever the format of the delivery."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tasks.ingest.discover import discover
from tasks.ingest.readers import csv, parquet
from tasks.ingest.schema import BRONZE, COLUMNS, READ
from tasks.ingest.source_file import read_and_hash
from tasks.validate import schema
from tasks.validate.normalise import normalise
from tasks.validate.settings import FeedSettings
from tasks.workspace.outputs import part_path
from tests.support.deliveries import LINE, NAMES, ROW, as_csv, bronze_of, ingest_sources, row, write
from tests.support.lines import bronze, lines_of, validate_sources


@pytest.fixture(params=["sound.csv", "broken.csv", "day.parquet"])
def delivery(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    if path.suffix == ".parquet":
        pl.DataFrame([ROW], schema=list(NAMES), orient="row").write_parquet(path)
        return path
    return write(path, as_csv([ROW]) + (f"{LINE},x\n" if path.stem == "broken" else ""))


def test_readers(delivery: Path) -> None:
    reader = parquet if delivery.suffix == ".parquet" else csv
    file = discover([str(delivery)]).deliveries[0]
    (frame,) = reader.frames([reader.open_delivery(file, read_and_hash(file))])
    assert frame.schema == READ


def test_bronze(delivery: Path, tmp_path: Path) -> None:
    output = bronze_of(ingest_sources(tmp_path / "w", delivery))
    assert pl.read_parquet(part_path(output.folder, 0)).schema == BRONZE


def test_typed_lines() -> None:
    typed = normalise(bronze({}), FeedSettings())
    kinds = {name: pl.String() if isinstance(kind, pl.Enum) else kind for name, kind in typed.schema.items()}
    assert kinds == schema.TYPED


def test_silver_and_quarantine(delivery: Path, tmp_path: Path) -> None:
    silver = validate_sources(tmp_path / "w", [delivery])
    assert lines_of(silver).schema == schema.LINE
    assert pl.read_parquet(silver.quarantine).schema == schema.QUARANTINE


def test_business_columns_are_the_delivered_ones_with_the_date_typed() -> None:
    assert tuple("sold_at_local" if name == "invoice_date" else name for name in COLUMNS) == schema.BUSINESS


def test_quarantine_without_lines(tmp_path: Path) -> None:
    silver = validate_sources(tmp_path / "w", [write(tmp_path / "day.csv", as_csv([row()]))])
    assert pl.read_parquet(silver.quarantine).schema == schema.QUARANTINE
