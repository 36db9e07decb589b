"""Packed files that are damaged, hold no single text, or unpack to too much fail alone, with what to do."""

from __future__ import annotations

import base64
import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.errors import DeliveryEmpty, DeliveryTooLarge, DeliveryUnreadable
from tasks.ingest import source_file
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tasks.ingest.limits import ReadLimits
from tests.support.deliveries import (
    HEADER,
    LINE,
    write,
)
from tests.support.packed import FORMATS, TEXT, archive, pack, zstd

# HEADER and LINE, by Info-ZIP with a password.
ENCRYPTED = base64.b64decode(
    "UEsDBBQACQAIAF0tfV0jUKqFmAAAAJwAAAAHABwAZGF5LmNzdlVUCQADYbsLa2G7C2t1eAsAAQQAAAAABAAAAACi4JCOF8Rh+Fdx"
    "2HbTxQItMt2Yo3aAYg0vBCIdD7KjCkB9ludes+7vIiRzE7itiUjvg0NwRe8Da0peoSBNOAQ0XfAYbNM0Ikdi3AZ4DpGZMwG2gJqW"
    "d5cpORpJa0QAgNs7fsGjPOvFeiMnzcMlmabvCJ0ZyxY4oCqaXyE6f67F+g8cT4rCGE3vkZz0t4vLyDPy0d6S0itR3FBLBwgjUKqF"
    "mAAAAJwAAABQSwECHgMUAAkACABdLX1dI1CqhZgAAACcAAAABwAYAAAAAAABAAAApIEAAAAAZGF5LmNzdlVUBQADYbsLa3V4CwAB"
    "BAAAAAAEAAAAAFBLBQYAAAAAAQABAE0AAADpAAAAAAA="
)


@pytest.fixture(params=[64 * 1024**2, 0], ids=["held", "streamed"])
def _held(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", request.param)
    monkeypatch.setattr(source_file, "CHUNK_BYTES", 1_000)


def _failure(tmp_path: Path, day: Path, limits: ReadLimits | None = None) -> Exception:
    good = write(tmp_path / "good.csv", f"{HEADER}\n{LINE}\n")
    deliveries = discover([str(day), str(good)]).deliveries
    result = ingest(deliveries, {}, tmp_path / "w", limits or ReadLimits())
    assert result.bronze
    assert result.bronze.names == (str(good),)
    (error,) = result.failed
    assert error.delivery == str(day)
    return error


@pytest.mark.usefixtures("_held")
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("left", [0.6, -1], ids=["in the middle", "before the last byte"])
def test_cut_off_file_is_not_read(tmp_path: Path, kind: str, left: float) -> None:
    day = pack(tmp_path / f"day.csv.{kind}" if kind != "zip" else tmp_path / "day.zip", kind)
    data = day.read_bytes()
    write(day, data[: int(len(data) * left) if left > 0 else -1])
    error = _failure(tmp_path, day)
    assert isinstance(error, DeliveryUnreadable)
    assert "cut off" in error.message
    assert "Have it delivered again." in error.message


@pytest.mark.usefixtures("_held")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data + b"more", "the gzip file is damaged"),
        (lambda data: data[:-8] + bytes([data[-8] ^ 1]) + data[-7:], "the gzip file is damaged"),
        (lambda data: data[:200] + b"\0\0\0\0" + data[204:], "the gzip file is damaged"),
    ],
    ids=["something behind the end", "wrong checksum", "garbled"],
)
def test_damaged_gzip(tmp_path: Path, change: Callable[[bytes], bytes], words: str) -> None:
    day = write(tmp_path / "day.csv.gz", change(gzip.compress(TEXT.encode())))
    assert words in str(_failure(tmp_path, day))


@pytest.mark.usefixtures("_held")
def test_zip_member_with_another_checksum_is_damaged(tmp_path: Path) -> None:
    day = archive(tmp_path / "day.zip", ("day.csv", TEXT), method=zipfile.ZIP_STORED)
    write(day, day.read_bytes().replace(b"536400", b"536401", 1))
    assert "another size or checksum" in str(_failure(tmp_path, day))


@pytest.mark.usefixtures("_held")
def test_damaged_zstd(tmp_path: Path) -> None:
    day = write(tmp_path / "day.csv.zst", zstd(TEXT.encode()) + b"more")
    assert "the zstd file is damaged" in str(_failure(tmp_path, day))


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (
            [("a.csv", TEXT), ("sub/b.txt", TEXT)],
            "its zip archive holds 2 deliveries (a.csv, sub/b.txt). Unpack it and deliver the folder, or pack each file by itself.",
        ),
        ([("lines.parquet", b"PAR1")], "it is a Parquet file inside zip. Deliver the Parquet file itself"),
        (
            [("lines.pdf", b"%PDF")],
            "its zip archive holds no delivery (lines.pdf). Pack one .csv, .txt or .tsv file.",
        ),
        ([], "its zip archive holds no delivery. Pack one .csv, .txt or .tsv file."),
        ([("[Content_Types].xml", "x"), ("xl/a.csv", "x")], "it is an Excel workbook. Save it as CSV."),
        ([("day.csv.gz", gzip.compress(TEXT.encode()))], "it is packed twice: gzip inside zip."),
    ],
    ids=["two", "parquet", "other", "nothing", "excel", "twice"],
)
def test_archive_without_exactly_one_text(
    tmp_path: Path, members: list[tuple[str, str | bytes]], words: str
) -> None:
    error = _failure(tmp_path, archive(tmp_path / "day.zip", *members))
    assert isinstance(error, DeliveryUnreadable)
    assert words in error.message


def test_encrypted_archive(tmp_path: Path) -> None:
    error = _failure(tmp_path, write(tmp_path / "day.zip", ENCRYPTED))
    assert "its zip archive is encrypted. Pack it without a password." in str(error)


def test_archive_of_an_unusual_method(tmp_path: Path) -> None:
    day = archive(tmp_path / "day.zip", ("day.csv", TEXT), method=zipfile.ZIP_LZMA)
    assert "compressed by method 14, which is not read. Pack it by the usual method, deflate." in str(
        _failure(tmp_path, day)
    )


def test_archive_of_very_many_names_is_not_listed(tmp_path: Path) -> None:
    day = archive(tmp_path / "day.zip", *((f"{number:0200d}.csv", "") for number in range(6_000)))
    assert "it is a zip archive of very many files. Unpack it" in str(_failure(tmp_path, day))


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_packed_parquet(tmp_path: Path, kind: str) -> None:
    day = pack(tmp_path / f"day.parquet.{kind}", kind, b"PAR1" + bytes(100))
    assert "Deliver the Parquet file itself; it is compressed already." in str(_failure(tmp_path, day))


@pytest.mark.usefixtures("_held")
@pytest.mark.parametrize("kind", FORMATS)
def test_packed_nothing_is_empty(tmp_path: Path, kind: str) -> None:
    day = pack(tmp_path / ("day.zip" if kind == "zip" else f"day.csv.{kind}"), kind, b"")
    assert isinstance(_failure(tmp_path, day), DeliveryEmpty)


@pytest.mark.usefixtures("_held")
@pytest.mark.parametrize("kind", FORMATS)
def test_unpacked_bytes_count_for_the_limit(tmp_path: Path, kind: str) -> None:
    bomb = f"{HEADER}\n{LINE}\n" + " " * 8_000_000
    day = pack(tmp_path / ("day.zip" if kind == "zip" else f"day.csv.{kind}"), kind, bomb)
    assert day.stat().st_size < 20_000
    error = _failure(tmp_path, day, ReadLimits(delivery_bytes=1_000_000))
    assert isinstance(error, DeliveryTooLarge)
    assert "RETAIL_MAX_DELIVERY_GB" in error.message
