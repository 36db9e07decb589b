"""Deliveries made for a test, and what reading them gave."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tasks.ingest.bronze import Bronze, IngestResult, ingest
from tasks.ingest.discover import discover
from tasks.ingest.schema import COLUMNS
from tasks.workspace.outputs import part_path

NAMES = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
HEADER = ",".join(NAMES)
ROW = ("536365", "85123A", "WHITE HEART", "6", "2010-12-01 08:26:00", "2.55", "17850", "United Kingdom")
LINE = ",".join(ROW)


def row(**changes: str | None) -> tuple[str | None, ...]:
    """The sample row with some of our columns changed."""
    return tuple(changes.get(name, value) for name, value in zip(COLUMNS, ROW, strict=True))


def as_csv(rows: Iterable[Sequence[str | None]], names: Sequence[str] = NAMES, **form: Any) -> str:
    """Rows under a header, as Python's csv module writes them."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, **form)
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue()


def write(path: Path, content: str | bytes) -> Path:
    """Write a file, text as UTF-8 with its line ends as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def ingest_sources(workspace: Path, *sources: Path | str) -> IngestResult:
    """Find and read deliveries, as one batch."""
    found = discover([str(source) for source in sources])
    assert not found.failed
    return ingest(found.deliveries, {}, workspace)


def bronze_of(ingested: IngestResult) -> Bronze:
    """The bronze of a batch of which everything was read."""
    assert ingested.failed == ()
    assert ingested.bronze is not None
    return ingested.bronze


def frame_of(bronze: Bronze) -> pl.DataFrame:
    """All rows of a bronze."""
    return pl.concat(pl.read_parquet(part_path(bronze.folder, number)) for number in range(bronze.parts))


def read(workspace: Path, *sources: Path | str) -> pl.DataFrame:
    """The bronze rows of deliveries that can all be read."""
    return frame_of(bronze_of(ingest_sources(workspace, *sources)))


def text_of(frame: pl.DataFrame) -> list[tuple[str | None, ...]]:
    """Our eight columns of the sound rows."""
    return frame.filter(pl.col("fault").is_null()).select(COLUMNS).rows()


def read_text(folder: Path, content: str | bytes, name: str = "day.csv") -> pl.DataFrame:
    """The bronze rows of one file of that content."""
    return read(folder / "workspace", write(folder / name, content))
