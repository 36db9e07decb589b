"""A bad delivery fails with its name, the cause and the next step; the other deliveries of the batch are ingested."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from tasks.errors import DeliveryEmpty, DeliveryError, DeliveryUnreadable, UnknownHeader
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import Delivery
from tests.support.deliveries import HEADER, LINE, NAMES, ROW, as_csv, ingest_sources, row, write
from tests.support.unprivileged import as_nobody, common_folder

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + bytes(range(256)) * 40
DELIVER_AGAIN = "Have it delivered again."


def _ingest_with_bad(tmp_path: Path, name: str, content: bytes | str) -> DeliveryError:
    bad = write(tmp_path / "d" / name, content)
    good = [write(tmp_path / "d" / f"{letter}.csv", as_csv([row(invoice_no=letter)])) for letter in "az"]
    result = ingest_sources(tmp_path / "w", tmp_path / "d")
    assert result.bronze
    assert result.bronze.names == tuple(str(path) for path in good)
    (error,) = result.failed
    assert error.delivery == str(bad)
    assert error.message.startswith(f"{bad}: ")
    assert "\n" not in error.message
    error.message.encode()
    unpickled = pickle.loads(pickle.dumps(error))
    assert (type(unpickled), unpickled.message, unpickled.delivery) == (
        type(error),
        error.message,
        error.delivery,
    )
    return error


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_empty_file(tmp_path: Path, suffix: str) -> None:
    error = _ingest_with_bad(tmp_path, f"m.{suffix}", b"")
    assert isinstance(error, DeliveryEmpty)
    assert error.message.endswith(f": the file is empty. {DELIVER_AGAIN}")


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n  \n\r\n"])
def test_header_without_rows(tmp_path: Path, end: str) -> None:
    error = _ingest_with_bad(tmp_path, "m.csv", HEADER + end)
    assert isinstance(error, DeliveryEmpty)
    assert error.message.endswith(f": it has a header but no rows. {DELIVER_AGAIN}")


def test_parquet_without_rows(tmp_path: Path, real_lines: object) -> None:
    real_lines.head(0).write_parquet(tmp_path / "m.parquet")  # type: ignore[attr-defined]
    error = _ingest_with_bad(tmp_path, "m.parquet", (tmp_path / "m.parquet").read_bytes())
    assert isinstance(error, DeliveryEmpty)
    assert error.message.endswith(f": it has no rows. {DELIVER_AGAIN}")


def test_unknown_header_lists_the_names_missing_columns_and_similar_names(tmp_path: Path) -> None:
    names = [
        "Invoice Numbre",
        "StockCode",
        "Text",
        "Quantety",
        "InvoiceDate",
        "UnitPrice",
        "CustomerID",
        "Country",
    ]
    error = _ingest_with_bad(tmp_path, "m.csv", as_csv([ROW], names))
    assert isinstance(error, UnknownHeader)
    assert "unknown header. Found: 'Invoice Numbre', 'StockCode', 'Text', 'Quantety', 'Inv" in error.message
    missing = "invoice_no (most similar: 'Invoice Numbre'), description, quantity (most similar: 'Quantety')."
    assert f"Missing: {missing} If these are the columns, run: retail etl " in error.message
    command = "--column 'Invoice Numbre=InvoiceNo' --column Quantety=Quantity --constant Description="
    assert error.message.endswith(f"/m.csv {command}")


def test_unknown_header_in_parquet(tmp_path: Path, real_lines: object) -> None:
    some = real_lines.head(5).rename({"UnitPrice": "Unit  Prize"})  # type: ignore[attr-defined]
    some.write_parquet(tmp_path / "m.parquet")
    error = _ingest_with_bad(tmp_path, "m.parquet", (tmp_path / "m.parquet").read_bytes())
    assert isinstance(error, UnknownHeader)
    assert "Missing: unit_price (most similar: 'Unit  Prize')." in error.message


@pytest.mark.parametrize("text", [LINE + "\n" + LINE, "total of the day\n1\n2\n", "a,b\n1,2\n", '"a\n1\n'])
def test_file_without_a_header(tmp_path: Path, text: str) -> None:
    assert isinstance(_ingest_with_bad(tmp_path, "m.csv", text), UnknownHeader)


def test_duplicate_column(tmp_path: Path) -> None:
    error = _ingest_with_bad(tmp_path, "m.csv", as_csv([(*ROW, "3")], [*NAMES, " Price"]))
    assert isinstance(error, UnknownHeader)
    assert "the header has one column twice: 'UnitPrice' and 'Price'. Remove one of them." in error.message


@pytest.mark.parametrize(
    "content",
    [
        PNG,
        b"first line\n" + PNG,
        HEADER.encode("utf-16-le"),
        b"\0",
    ],
    ids=["png", "later", "utf-16 without a mark", "nul"],
)
def test_binary_file_named_csv(tmp_path: Path, content: bytes) -> None:
    error = _ingest_with_bad(tmp_path, "m.csv", content)
    assert isinstance(error, DeliveryUnreadable)
    assert error.message.endswith(": it is not a text file (binary content). Deliver CSV.")


def test_truncated_utf_16(tmp_path: Path) -> None:
    error = _ingest_with_bad(tmp_path, "m.csv", as_csv([ROW]).encode("utf-16") + b"\x00")
    assert isinstance(error, DeliveryUnreadable)
    assert "it is not a text file" in error.message


@pytest.mark.parametrize("content", [b"\n\n\r\n", b"   \n", b"a," * 40_000, b"a\rb,c\n", b'a\rb,"c\n'])
def test_first_line_is_not_a_header(tmp_path: Path, content: bytes) -> None:
    error = _ingest_with_bad(tmp_path, "m.csv", content)
    assert isinstance(error, DeliveryUnreadable | UnknownHeader)
    assert "header" in error.message


def test_file_without_read_permission() -> None:
    with common_folder() as folder:
        closed = write(folder / "closed.csv", as_csv([ROW]))
        good = write(folder / "good.csv", as_csv([ROW]))
        closed.chmod(0)
        with as_nobody():
            result = ingest_sources(folder / "w", folder)
    assert result.bronze
    assert result.bronze.names == (str(good),)
    (error,) = result.failed
    assert isinstance(error, DeliveryUnreadable)
    assert (
        error.message
        == f"{closed}: it cannot be read (Permission denied). Check its permissions and the disk."
    )


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_folder_instead_of_a_file(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"m.{suffix}").mkdir()
    path = str(tmp_path / f"m.{suffix}")
    (error,) = ingest([Delivery(path, path, 1)], {}, tmp_path / "w").failed
    assert isinstance(error, DeliveryUnreadable)
    assert "it cannot be read (Is a directory)" in error.message


def test_batch_of_only_bad_deliveries(tmp_path: Path) -> None:
    for name in ("1.csv", "2.parquet", "3.csv"):
        write(tmp_path / "d" / name, b"")
    result = ingest_sources(tmp_path / "w", tmp_path / "d")
    assert result.bronze is None
    assert len(result.failed) == 3
    assert not (tmp_path / "w").exists()


def test_nul_in_a_row_keeps_the_other_rows(tmp_path: Path) -> None:
    day = write(tmp_path / "day.csv", as_csv([row(), row(description="a\0b"), row()]))
    result = ingest_sources(tmp_path / "w", day)
    assert result.failed == ()
    assert result.bronze
    assert result.bronze.rows == 3
