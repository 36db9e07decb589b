"""A delivery costs only so much, whatever its size on disk: the limits hold and the others are read."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.errors import DeliveryTooLarge
from tasks.ingest import source_file
from tasks.ingest.bronze import IngestResult, ingest
from tasks.ingest.discover import discover
from tasks.ingest.limits import ReadLimits
from tests.support.deliveries import (
    HEADER,
    LINE,
    NAMES,
    ROW,
    as_csv,
    bronze_of,
    frame_of,
    row,
    text_of,
    write,
)

SMALL = ReadLimits(value_bytes=2_000, line_bytes=4_000)
MB = 1024**2


def repeated(value: str, rows: int) -> pa.DictionaryArray:
    """A column with one value, which a Parquet file holds once."""
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([value]))


def write_repeated(path: Path, rows: int, description: str) -> Path:
    """Write a Parquet file of a few KB that decodes to rows times the description."""
    columns = {name: repeated(value, rows) for name, value in zip(NAMES, ROW, strict=True)}
    columns["Description"] = repeated(description, rows)
    pq.write_table(
        pa.table(columns),
        path,
        compression="zstd",
        write_statistics=False,
        store_schema=False,
        dictionary_pagesize_limit=2**31 - 1,
    )
    return path


def _ingest(folder: Path, limits: ReadLimits, *sources: Path) -> IngestResult:
    return ingest(discover([str(source) for source in sources]).deliveries, {}, folder / "w", limits)


def _excerpt(text: str) -> str:
    return f"({len(text.encode())} bytes, SHA-256 {hashlib.sha256(text.encode()).hexdigest()})"


@pytest.mark.parametrize("held", [64 * MB, 0], ids=["held", "large"])
def test_a_long_line_is_a_fault_with_its_start_length_and_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", held)
    monkeypatch.setattr(source_file, "CHUNK_BYTES", 1_000)
    long = '536365,"é,' + "x" * 9_000
    day = write(tmp_path / "day.csv", "\n".join([HEADER, LINE, long, LINE, ""]))
    frame = frame_of(bronze_of(_ingest(tmp_path, SMALL, day)))
    assert text_of(frame) == [ROW, ROW]
    assert frame.get_column("line_no").to_list() == [1, 2, 3]
    assert "RETAIL_MAX_LINE_KB" in frame.get_column("fault")[1]
    raw = frame.get_column("raw")[1]
    assert raw.startswith(long[:1_000])
    assert raw.endswith(_excerpt(long))
    assert len(raw) < 1_200


def test_a_long_value_of_several_lines_is_a_fault(tmp_path: Path) -> None:
    rows = [row(), row(description="short lines\n" * 180), row()]
    frame = frame_of(bronze_of(_ingest(tmp_path, SMALL, write(tmp_path / "day.csv", as_csv(rows)))))
    assert text_of(frame) == [ROW, ROW]
    assert "RETAIL_MAX_VALUE_KB" in frame.get_column("fault")[1]


def test_a_long_value_in_parquet_is_a_fault(tmp_path: Path) -> None:
    columns = {name: [value] * 3 for name, value in zip(NAMES, ROW, strict=True)}
    columns["Description"][1] = "y" * 3_000
    pq.write_table(pa.table(columns), tmp_path / "day.parquet")
    frame = frame_of(bronze_of(_ingest(tmp_path, SMALL, tmp_path / "day.parquet")))
    assert text_of(frame) == [ROW, ROW]
    raw = json.loads(frame.get_column("raw")[1])
    assert raw["InvoiceNo"] == ROW[0]
    assert raw["Description"].endswith(_excerpt("y" * 3_000))
    assert "RETAIL_MAX_VALUE_KB" in frame.get_column("fault")[1]


@pytest.mark.parametrize(
    ("limits", "setting"),
    [
        (ReadLimits(delivery_bytes=5_000), "RETAIL_MAX_DELIVERY_GB"),
        (ReadLimits(delivery_lines=99), "RETAIL_MAX_DELIVERY_LINES"),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_delivery_over_its_limit_fails_and_the_others_are_read(
    tmp_path: Path, limits: ReadLimits, setting: str, kind: str
) -> None:
    good = write(tmp_path / "good.csv", as_csv([row()]))
    large = tmp_path / f"large.{kind}"
    if kind == "csv":
        write(large, as_csv([row()] * 100))
    else:
        write_repeated(large, 100, "x" * 100)
    ingested = _ingest(tmp_path, limits, large, good)
    (error,) = ingested.failed
    assert isinstance(error, DeliveryTooLarge)
    assert error.delivery == str(large)
    assert setting in error.next_step
    assert ingested.bronze
    assert ingested.bronze.names == (str(good),)


def test_pages_that_unpack_to_too_much_fail_before_they_are_read(tmp_path: Path) -> None:
    bomb = write_repeated(tmp_path / "bomb.parquet", 10, "x" * (200 * MB))
    assert bomb.stat().st_size < 100_000
    (error,) = _ingest(tmp_path, ReadLimits(), bomb).failed
    assert isinstance(error, DeliveryTooLarge)
    assert "pages unpack to" in error.message


_CHILD = """
import resource, sys, time
from pathlib import Path
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
before, cpu = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
result = ingest(discover([sys.argv[1]]).deliveries, {}, Path(sys.argv[2]))
seconds = time.process_time() - cpu
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, seconds)
"""


def _cost(tmp_path: Path, source: Path) -> tuple[int, float]:
    """Megabytes of memory and seconds of CPU that reading takes in a process of its own."""
    command = [sys.executable, "-c", _CHILD, str(source), str(tmp_path / f"w-{source.name}")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    memory, seconds = done.stdout.split()
    return int(memory), float(seconds)


@pytest.mark.parametrize(
    "description",
    [
        pytest.param("x" * 1_000, id="short values"),
        pytest.param("x" * 300_000, id="long values", marks=pytest.mark.slow),
    ],
)
def test_a_repeated_value_takes_little_memory(tmp_path: Path, description: str) -> None:
    rows = 1_000_000 if len(description) == 1_000 else 20_000
    memory, _ = _cost(tmp_path, write_repeated(tmp_path / "day.parquet", rows, description))
    assert memory < 600


@pytest.mark.slow
def test_a_line_takes_little_memory_and_linear_time(tmp_path: Path) -> None:
    costs = [
        _cost(tmp_path, write(tmp_path / f"{size}.csv", f"{HEADER}\n{LINE}\n{'x' * (size * MB)}\n{LINE}\n"))
        for size in (80, 320)
    ]
    assert costs[1][0] < 400
    assert costs[1][1] < 6 * max(costs[0][1], 0.2)


def test_packed_text_takes_little_memory(tmp_path: Path) -> None:
    day = tmp_path / "day.csv.gz"
    with gzip.open(day, "wb", 1) as packed:
        packed.write(f"{HEADER}\n{LINE}\n".encode())
        for _ in range(150):
            packed.write(b" " * MB)
    assert day.stat().st_size < 2 * MB
    memory, _ = _cost(tmp_path, day)
    assert memory < 150
