"""Build deliveries for tests, and read them into bronze."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tasks.ingest.bronze import IngestResult, ingest
from tasks.ingest.discover import discover
from tasks.ingest.ingested import Bronze
from tasks.ingest.reading import ReadingSettings
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
    """Return the sample row with some columns changed, by our names."""
    return tuple(changes.get(name, value) for name, value in zip(COLUMNS, ROW, strict=True))


def as_csv(rows: Iterable[Sequence[str | None]], names: Sequence[str] = NAMES, **dialect: Any) -> str:
    """Format rows under a header with Python's csv module; ``dialect`` holds its format parameters."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, **dialect)
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue()


def write(path: Path, content: str | bytes) -> Path:
    """Write a file; text as UTF-8, with its line ends unchanged."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def ingest_sources(workspace: Path, *sources: Path | str, encoding: str | None = None) -> IngestResult:
    """Discover and ingest deliveries as one batch."""
    discovery = discover([str(source) for source in sources])
    assert not discovery.failed
    return ingest(discovery.deliveries, {}, workspace, reading=ReadingSettings(encoding))


def bronze_of(result: IngestResult) -> Bronze:
    """Return the bronze of a batch without failed deliveries."""
    assert result.failed == ()
    assert result.bronze is not None
    return result.bronze


def frame_of(bronze: Bronze) -> pl.DataFrame:
    """Read all rows of a bronze."""
    return pl.concat(pl.read_parquet(part_path(bronze.folder, number)) for number in range(bronze.parts))


def read(workspace: Path, *sources: Path | str) -> pl.DataFrame:
    """Ingest deliveries without failures and return their bronze rows."""
    return frame_of(bronze_of(ingest_sources(workspace, *sources)))


def text_of(frame: pl.DataFrame) -> list[tuple[str | None, ...]]:
    """Return our eight columns of the rows without fault."""
    return frame.filter(pl.col("fault").is_null()).select(COLUMNS).rows()


def read_text(folder: Path, content: str | bytes, name: str = "day.csv") -> pl.DataFrame:
    """Ingest one file with this content and return its bronze rows."""
    return read(folder / "workspace", write(folder / name, content))
