"""dlt, loading the same CSVs into one flat table; runs in a child process.

No progress display and no telemetry. The import of dlt is not measured, as the start of Prefect is not.
"""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Iterator, Sequence
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


def load(method: Method, url: str, folder: Path, source: Path) -> float:
    """Append CSVs to the table ``benchmark.flat`` and return the seconds.

    Args:
        method: ``rows`` yields one page of dictionaries per file, as dlt advises. ``arrow`` yields one Arrow table per
            file, which dlt writes as CSV and copies by default. ``adbc`` does the same with Parquet files and the ADBC
            driver, which dlt documents as the fast way to load Arrow into Postgres.
        url: Database URL.
        folder: Pipeline folder; a first load finds none.
        source: A CSV, or a folder of CSVs.
    """
    lines = _pages(_files(source)) if method == "rows" else _tables(_files(source))
    return _append(lines, "benchmark", "flat", url, folder, "parquet" if method == "adbc" else None)


def load_for_star(url: str, folder: Path, source: Path) -> float:
    """Append CSVs to ``raw.sales``, for dbt: over ADBC, each line with the name of its file and the id of its load."""
    os.environ["NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID"] = "true"
    try:
        lines = (
            table.append_column("delivery", pa.repeat(path.name, table.num_rows))
            for path, table in zip(_files(source), _tables(_files(source)), strict=True)
        )
        return _append(lines, "raw", "sales", url, folder, "parquet")
    finally:
        del os.environ["NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID"]


def _append(
    lines: Iterator[object], dataset: str, table: str, url: str, folder: Path, file_format: str | None
) -> float:
    import dlt  # noqa: PLC0415 - reads the environment on import

    pipeline = dlt.pipeline(
        "benchmark",
        pipelines_dir=str(folder),
        destination=dlt.destinations.postgres(credentials=url),
        dataset_name=dataset,
        progress=None,
    )
    resource = dlt.resource(lines, name=table, write_disposition="append")
    started = time.perf_counter()
    load_info = pipeline.run(resource, loader_file_format=file_format)
    seconds = time.perf_counter() - started
    load_info.raise_on_failed_jobs()
    return seconds


def _files(source: Path) -> list[Path]:
    return sorted(source.glob("*.csv")) if source.is_dir() else [source]


def _pages(paths: Sequence[Path]) -> Iterator[list[dict[str, str]]]:
    for path in paths:
        with open(path, newline="", encoding="utf-8") as file:
            yield list(csv.DictReader(file))


def _tables(paths: Sequence[Path]) -> Iterator[pa.Table]:
    options = pa.csv.ConvertOptions(column_types=_TYPES, strings_can_be_null=True)
    for path in paths:
        yield pa.csv.read_csv(path, convert_options=options)
