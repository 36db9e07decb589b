"""A damaged Parquet file fails with its cause, wherever the damage is; the other files are read."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.errors import DeliveryUnreadable
from tasks.ingest import source_file
from tests.support.deliveries import NAMES, ROW, as_csv, ingest_sources, row, write


def _ingest_with_bad(tmp_path: Path, path: Path) -> DeliveryUnreadable:
    good = write(tmp_path / "good.csv", as_csv([row()]))
    good_parquet = tmp_path / "good_parquet.parquet"
    pq.write_table(pa.table({name: [value] for name, value in zip(NAMES, ROW, strict=True)}), good_parquet)
    result = ingest_sources(tmp_path / "w", good, path, good_parquet)
    assert result.bronze
    assert result.bronze.names == (str(good), str(good_parquet))
    (error,) = result.failed
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
    assert "it is not a complete Parquet file (" in _ingest_with_bad(tmp_path, path).message


@pytest.mark.parametrize(
    "content", [b"PAR1" + b"\0" * 100 + b"PAR1", b"junk" * 100, b"InvoiceNo,StockCode\n"]
)
def test_not_parquet(tmp_path: Path, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert "it is not a complete Parquet file (" in _ingest_with_bad(tmp_path, path).message


@pytest.mark.parametrize("held", [10_000_000, 1_000], ids=["held", "large"])
def test_damaged_after_the_first_rows(
    tmp_path: Path, path: Path, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", held)
    content = bytearray(path.read_bytes())
    offset = pq.ParquetFile(path).metadata.row_group(5).column(2).data_page_offset
    content[offset + 40 : offset + 1_000] = b"\xff" * 960
    path.write_bytes(content)
    message = _ingest_with_bad(tmp_path, path).message
    assert "it cannot be read from row 1 on (" in message


def test_text_that_is_not_utf_8(tmp_path: Path) -> None:
    # Uncompressed and without checksums, so that only the text itself is invalid.
    path = tmp_path / "lines.parquet"
    table = pa.table({name: [value] for name, value in zip(NAMES, ROW, strict=True)})
    pq.write_table(table, path, compression="none", use_dictionary=False, write_statistics=False)
    path.write_bytes(path.read_bytes().replace(b"WHITE HEART", b"WHITE \xff\xfeART"))
    assert "it cannot be read from row 1 on (" in _ingest_with_bad(tmp_path, path).message


def test_several_damaged_files_in_a_batch(tmp_path: Path, path: Path) -> None:
    good = path.read_bytes()
    content = bytearray(good)
    offset = pq.ParquetFile(path).metadata.row_group(5).column(2).data_page_offset
    content[offset + 40 : offset + 1_000] = b"\xff" * 960
    for number in range(3):
        write(tmp_path / "d" / f"{number}-bad.parquet", bytes(content))
        write(tmp_path / "d" / f"{number}-good.parquet", good)
    result = ingest_sources(tmp_path / "w", tmp_path / "d")
    assert [Path(error.delivery).name for error in result.failed] == [f"{n}-bad.parquet" for n in range(3)]
    assert result.bronze
    assert [Path(name).name for name in result.bronze.names] == [f"{n}-good.parquet" for n in range(3)]
    assert result.bronze.rows == 12_000
