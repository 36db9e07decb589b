"""dlt, loading the same daily CSVs into one flat table; runs in a child process.

Each load has an empty pipeline folder, no progress display and no telemetry. The import of dlt is not measured, as the
start of Prefect is not.
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

Method = Literal["rows", "arrow", "adbc"]
# The same column types as in psql's table.
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


def isolate_dlt(folder: Path) -> None:
    """Keep all files of dlt under ``folder``, without logs and telemetry. Call before importing dlt."""
    os.environ.update(
        DLT_DATA_DIR=str(folder),
        RUNTIME__DLTHUB_TELEMETRY="false",
        RUNTIME__LOG_LEVEL="ERROR",
        DO_NOT_TRACK="1",
    )


def load(method: Method, url: str, folder: Path, days: Path) -> float:
    """Load all days into the table ``benchmark.flat`` and return the seconds.

    Args:
        method: ``rows`` yields one page of dictionaries per file, as dlt advises. ``arrow`` yields one Arrow table per
            file, which dlt writes as CSV and copies by default. ``adbc`` does the same with Parquet files and the ADBC
            driver, which dlt documents as the fast way to load Arrow into Postgres.
        url: Database URL.
        folder: Pipeline folder; deleted afterwards.
        days: Folder of the daily CSVs.
    """
    import dlt  # noqa: PLC0415 - reads the environment on import

    pipeline = dlt.pipeline(
        "benchmark",
        pipelines_dir=str(folder),
        destination=dlt.destinations.postgres(credentials=url),
        dataset_name="benchmark",
        progress=None,
    )
    resource = dlt.resource(_pages(days) if method == "rows" else _tables(days), name="flat")
    try:
        started = time.perf_counter()
        load_info = pipeline.run(resource, loader_file_format="parquet" if method == "adbc" else None)
        seconds = time.perf_counter() - started
        load_info.raise_on_failed_jobs()
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
