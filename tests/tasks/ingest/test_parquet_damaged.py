"""A damaged Parquet file is named with its cause, wherever the damage is, and its neighbours are read."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.errors import DeliveryUnreadable
from tasks.ingest import source_file
from tests.support.deliveries import NAMES, ROW, as_csv, ingest_sources, row, write


def _refused(tmp_path: Path, path: Path) -> DeliveryUnreadable:
    good = write(tmp_path / "good.csv", as_csv([row()]))
    also = tmp_path / "also.parquet"
    pq.write_table(pa.table({name: [value] for name, value in zip(NAMES, ROW, strict=True)}), also)
    ingested = ingest_sources(tmp_path / "w", good, path, also)
    assert ingested.bronze
    assert ingested.bronze.names == (str(good), str(also))
    (error,) = ingested.failed
    assert isinstance(error, DeliveryUnreadable)
    assert error.delivery == str(path)
    assert error.message.startswith(f"{path}: ")
    assert "Have it delivered again." in error.message
    assert "\n" not in error.message
    return error


@pytest.fixture
def path(tmp_path: Path) -> Path:
    rows = 4_000
    columns = {name: [value] * rows for name, value in zip(NAMES, ROW, strict=True)}
    columns["Description"] = [f"thing {number}" for number in range(rows)]
    path = tmp_path / "lines.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=500, compression="snappy")
    return path


@pytest.mark.parametrize("kept", [1, 4, 11, 100, -1, -8, -2000])
def test_truncated(tmp_path: Path, path: Path, kept: int) -> None:
    path.write_bytes(path.read_bytes()[:kept])
    assert "it is no whole Parquet file (" in _refused(tmp_path, path).message


@pytest.mark.parametrize(
    "content", [b"PAR1" + b"\0" * 100 + b"PAR1", b"junk" * 100, b"InvoiceNo,StockCode\n"]
)
def test_no_parquet_at_all(tmp_path: Path, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert "it is no whole Parquet file (" in _refused(tmp_path, path).message


@pytest.mark.parametrize("held", [10_000_000, 1_000], ids=["held", "large"])
def test_damaged_further_in(tmp_path: Path, path: Path, held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", held)
    content = bytearray(path.read_bytes())
    place = pq.ParquetFile(path).metadata.row_group(5).column(2).data_page_offset
    content[place + 40 : place + 1_000] = b"\xff" * 960
    path.write_bytes(content)
    message = _refused(tmp_path, path).message
    assert "its row 1 and on cannot be read (" in message


def test_text_that_is_no_text(tmp_path: Path) -> None:
    # Not compressed and without checksums, so that nothing but the text itself is wrong.
    path = tmp_path / "lines.parquet"
    table = pa.table({name: [value] for name, value in zip(NAMES, ROW, strict=True)})
    pq.write_table(table, path, compression="none", use_dictionary=False, write_statistics=False)
    path.write_bytes(path.read_bytes().replace(b"WHITE HEART", b"WHITE \xff\xfeART"))
    assert "its row 1 and on cannot be read (" in _refused(tmp_path, path).message


def test_one_damaged_file_costs_only_itself_even_with_several(tmp_path: Path, path: Path) -> None:
    good = path.read_bytes()
    content = bytearray(good)
    place = pq.ParquetFile(path).metadata.row_group(5).column(2).data_page_offset
    content[place + 40 : place + 1_000] = b"\xff" * 960
    for number in range(3):
        write(tmp_path / "d" / f"{number}-bad.parquet", bytes(content))
        write(tmp_path / "d" / f"{number}-good.parquet", good)
    ingested = ingest_sources(tmp_path / "w", tmp_path / "d")
    assert [Path(error.delivery).name for error in ingested.failed] == [f"{n}-bad.parquet" for n in range(3)]
    assert ingested.bronze
    assert [Path(name).name for name in ingested.bronze.names] == [f"{n}-good.parquet" for n in range(3)]
    assert ingested.bronze.rows == 12_000
