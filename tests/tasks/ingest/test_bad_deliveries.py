"""Each kind of bad delivery is an error naming file, cause and next step; the others of the batch are read."""

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
AGAIN = "Have it delivered again."
NEEDED = "Needed: InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country"


def _refused(tmp_path: Path, name: str, content: bytes | str) -> DeliveryError:
    bad = write(tmp_path / "d" / name, content)
    good = [write(tmp_path / "d" / f"{letter}.csv", as_csv([row(invoice_no=letter)])) for letter in "az"]
    ingested = ingest_sources(tmp_path / "w", tmp_path / "d")
    assert ingested.bronze
    assert ingested.bronze.names == tuple(str(path) for path in good)
    (error,) = ingested.failed
    assert error.delivery == str(bad)
    assert error.message.startswith(f"{bad}: ")
    assert "\n" not in error.message
    error.message.encode()
    copied = pickle.loads(pickle.dumps(error))
    assert (type(copied), copied.message, copied.delivery) == (type(error), error.message, error.delivery)
    return error


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_an_empty_file(tmp_path: Path, suffix: str) -> None:
    error = _refused(tmp_path, f"m.{suffix}", b"")
    assert isinstance(error, DeliveryEmpty)
    assert error.message.endswith(f": the file is empty. {AGAIN}")


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n  \n\r\n"])
def test_a_header_only(tmp_path: Path, end: str) -> None:
    error = _refused(tmp_path, "m.csv", HEADER + end)
    assert isinstance(error, DeliveryEmpty)
    assert error.message.endswith(f": it has a header and no line. {AGAIN}")


def test_a_parquet_file_without_a_row(tmp_path: Path, real_lines: object) -> None:
    real_lines.head(0).write_parquet(tmp_path / "m.parquet")  # type: ignore[attr-defined]
    error = _refused(tmp_path, "m.parquet", (tmp_path / "m.parquet").read_bytes())
    assert isinstance(error, DeliveryEmpty)
    assert error.message.endswith(f": it has no row. {AGAIN}")


def test_an_unknown_header_tells_what_was_found_what_is_missing_and_the_nearest_names(tmp_path: Path) -> None:
    names = [
        "Invoice Number",
        "StockCode",
        "Text",
        "Quantety",
        "InvoiceDate",
        "UnitPrice",
        "CustomerID",
        "Country",
    ]
    error = _refused(tmp_path, "m.csv", as_csv([ROW], names))
    assert isinstance(error, UnknownHeader)
    assert "unknown header. Found: 'Invoice Number', 'StockCode', 'Text', 'Quantety', 'Inv" in error.message
    missing = "invoice_no (nearest: 'Invoice Number'), description, quantity (nearest: 'Quantety')."
    assert f"Missing: {missing} {NEEDED}" in error.message


def test_an_unknown_header_of_a_parquet_file(tmp_path: Path, real_lines: object) -> None:
    some = real_lines.head(5).rename({"UnitPrice": "Unit  Prize"})  # type: ignore[attr-defined]
    some.write_parquet(tmp_path / "m.parquet")
    error = _refused(tmp_path, "m.parquet", (tmp_path / "m.parquet").read_bytes())
    assert isinstance(error, UnknownHeader)
    assert "Missing: unit_price (nearest: 'Unit  Prize')." in error.message


@pytest.mark.parametrize("text", [LINE + "\n" + LINE, "total of the day\n1\n2\n", "a,b\n1,2\n", '"a\n1\n'])
def test_a_file_without_our_header(tmp_path: Path, text: str) -> None:
    assert isinstance(_refused(tmp_path, "m.csv", text), UnknownHeader)


def test_a_column_named_twice(tmp_path: Path) -> None:
    error = _refused(tmp_path, "m.csv", as_csv([(*ROW, "3")], [*NAMES, " Price"]))
    assert isinstance(error, UnknownHeader)
    assert "names one column twice: 'UnitPrice' and 'Price'. Leave one of the two." in error.message


@pytest.mark.parametrize(
    "content",
    [
        PNG,
        b"PK\x03\x04" + PNG,
        b"\x1f\x8b\x08\x00" + PNG,
        b"first line\n" + PNG,
        HEADER.encode("utf-16-le"),
        b"\0",
    ],
    ids=["png", "xlsx", "gzip", "later", "utf-16 without a mark", "nul"],
)
def test_binary_junk_named_csv(tmp_path: Path, content: bytes) -> None:
    error = _refused(tmp_path, "m.csv", content)
    assert isinstance(error, DeliveryUnreadable)
    assert error.message.endswith(": it is not a text file (binary content). Deliver CSV.")


def test_a_broken_utf_16_file(tmp_path: Path) -> None:
    error = _refused(tmp_path, "m.csv", as_csv([ROW]).encode("utf-16") + b"\x00")
    assert isinstance(error, DeliveryUnreadable)
    assert "it is not a text file" in error.message


@pytest.mark.parametrize("content", [b"\n\n\r\n", b"   \n", b"a," * 40_000, b"a\rb,c\n", b'a\rb,"c\n'])
def test_a_first_line_that_is_no_header(tmp_path: Path, content: bytes) -> None:
    error = _refused(tmp_path, "m.csv", content)
    assert isinstance(error, DeliveryUnreadable | UnknownHeader)
    assert "header" in error.message


def test_a_file_that_may_not_be_read() -> None:
    with common_folder() as folder:
        closed = write(folder / "closed.csv", as_csv([ROW]))
        good = write(folder / "good.csv", as_csv([ROW]))
        closed.chmod(0)
        with as_nobody():
            ingested = ingest_sources(folder / "w", folder)
    assert ingested.bronze
    assert ingested.bronze.names == (str(good),)
    (error,) = ingested.failed
    assert isinstance(error, DeliveryUnreadable)
    assert (
        error.message
        == f"{closed}: it cannot be read (Permission denied). Check its permissions and the disk."
    )


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_folder_in_the_place_of_a_file(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"m.{suffix}").mkdir()
    path = str(tmp_path / f"m.{suffix}")
    (error,) = ingest([Delivery(path, path, 1)], {}, tmp_path / "w").failed
    assert isinstance(error, DeliveryUnreadable)
    assert "it cannot be read (Is a directory)" in error.message


def test_a_batch_of_nothing_but_bad_deliveries(tmp_path: Path) -> None:
    for name in ("1.csv", "2.parquet", "3.csv"):
        write(tmp_path / "d" / name, b"")
    ingested = ingest_sources(tmp_path / "w", tmp_path / "d")
    assert ingested.bronze is None
    assert len(ingested.failed) == 3
    assert not (tmp_path / "w").exists()


def test_a_nul_further_in_costs_no_other_line(tmp_path: Path) -> None:
    day = write(tmp_path / "day.csv", as_csv([row(), row(description="a\0b"), row()]))
    ingested = ingest_sources(tmp_path / "w", day)
    assert ingested.failed == ()
    assert ingested.bronze
    assert ingested.bronze.rows == 3
