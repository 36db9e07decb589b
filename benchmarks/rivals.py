"""dlt loading the same daily CSVs into one flat table, as a child process does it.

Each load has an empty pipeline folder, no progress display and no telemetry. dlt's own start (its import)
is apart, as Prefect's is with the flow.
"""

from __future__ import annotations

import csv
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.csv

How = Literal["rows", "arrow", "adbc"]
# The types of the columns that psql loads too.
_TYPES = {
    "InvoiceNo": pa.string(),
    "StockCode": pa.string(),
    "Description": pa.string(),
    "Quantity": pa.int32(),
    "InvoiceDate": pa.timestamp("us"),
    "UnitPrice": pa.decimal128(18, 4),
    "CustomerID": pa.float64(),
    "Country": pa.string(),
}


def quieten(folder: Path) -> None:
    """Let dlt keep everything under ``folder`` and call nobody. Call it before dlt's import."""
    os.environ.update(
        DLT_DATA_DIR=str(folder),
        RUNTIME__DLTHUB_TELEMETRY="false",
        RUNTIME__LOG_LEVEL="ERROR",
        DO_NOT_TRACK="1",
    )


def load(how: How, url: str, folder: Path, days: Path) -> float:
    """Load all days into the table ``flat`` of the schema ``benchmark``; seconds.

    ``rows`` are plain dictionaries as dlt takes them by default, each file's as one page, as dlt advises.
    ``arrow`` is an Arrow table for each file, which dlt by default writes as CSV and copies. ``adbc`` is
    the same in the way that dlt documents for fast loading of Arrow into Postgres: as Parquet files, by
    the ADBC driver.
    """
    import dlt  # noqa: PLC0415 - reads the environment when it is imported

    pipeline = dlt.pipeline(
        "benchmark",
        pipelines_dir=str(folder),
        destination=dlt.destinations.postgres(credentials=url),
        dataset_name="benchmark",
        progress=None,
    )
    resource = dlt.resource(_pages(days) if how == "rows" else _tables(days), name="flat")
    try:
        began = time.perf_counter()
        done = pipeline.run(resource, loader_file_format="parquet" if how == "adbc" else None)
        seconds = time.perf_counter() - began
        done.raise_on_failed_jobs()
    finally:
        shutil.rmtree(folder)
    return seconds


def _pages(days: Path) -> Iterator[list[dict[str, str]]]:
    for path in sorted(days.glob("*.csv")):
        with open(path, newline="", encoding="utf-8") as file:
            yield list(csv.DictReader(file))


def _tables(days: Path) -> Iterator[pa.Table]:
    options = pa.csv.ConvertOptions(column_types=_TYPES, strings_can_be_null=True)
    for path in sorted(days.glob("*.csv")):
        yield pa.csv.read_csv(path, convert_options=options)
