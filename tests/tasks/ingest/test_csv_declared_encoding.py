"""Text files in the encoding of their feed: decoded strictly, and a line that is not such text costs only itself."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tasks.errors import DeliveryUnreadable
from tasks.ingest import source_file
from tasks.ingest.encodings import ENCODINGS, checked_encoding
from tasks.ingest.readers import csv
from tasks.ingest.readers import encoding as decoding
from tests.support.deliveries import (
    HEADER,
    LINE,
    as_csv,
    bronze_of,
    frame_of,
    ingest_sources,
    row,
    text_of,
    write,
)

SAMPLES = {
    "utf-8": "Łódź 漢字 £",
    "cp1250": "Łódź, žluťoučký",
    "iso-8859-15": "10 € œuvre",
    "iso-8859-1": "café\x85",
    "cp1251": "Кружка",
    "koi8-r": "Кружка",
    "cp850": "café Ñ",
    "cp437": "£5 note",
    "mac-roman": "café †",
    "cp1253": "Κούπα",
    "shift_jis": "ソ表, マグ",
    "gb18030": "杯子, 馬克 €",
    "big5": "功蓋 馬克杯",
    "euc_kr": "머그컵",
}


@pytest.fixture(params=["held", "large"])
def reading(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read files as a whole, or in blocks that end anywhere."""
    if request.param == "large":
        monkeypatch.setattr(source_file, "HELD_BYTES", 0)
        monkeypatch.setattr(source_file, "CHUNK_BYTES", 101)
        monkeypatch.setattr(csv, "_PIECE_BYTES", 300)
        monkeypatch.setattr(csv, "PEEK", 100)
        monkeypatch.setattr(decoding, "PEEK", 100)


def _read(folder: Path, content: bytes, encoding: str | None) -> pl.DataFrame:
    path = write(folder / "day.csv", content)
    return frame_of(bronze_of(ingest_sources(folder / "w", path, encoding=encoding)))


@pytest.mark.usefixtures("reading")
@pytest.mark.parametrize("broken", [(), (("short", "row"),)], ids=["sound", "beside a broken row"])
@pytest.mark.parametrize("encoding", SAMPLES)
def test_declared_encoding(tmp_path: Path, encoding: str, broken: tuple[tuple[str, ...], ...]) -> None:
    rows = [row(description=SAMPLES[encoding]), row(), row(description=SAMPLES[encoding] * 9)]
    path = write(tmp_path / "day.csv", as_csv([*rows, *broken]).encode(encoding))
    bronze = bronze_of(ingest_sources(tmp_path / "w", path, encoding=encoding))
    assert text_of(frame_of(bronze)) == rows
    assert bronze.deliveries[0].encodings == (encoding,)
    assert bronze.deliveries[0].notes == ()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_utf_16_with_and_without_a_mark(tmp_path: Path, encoding: str, mark: str) -> None:
    rows = [row(description="Łódź")]
    content = (mark + as_csv(rows)).encode("utf-16-le" if encoding == "utf-16" else encoding)
    assert text_of(_read(tmp_path, content, encoding)) == rows


@pytest.mark.usefixtures("reading")
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_mark_is_no_part_of_the_header(tmp_path: Path, encoding: str) -> None:
    rows = [row(description="杯子")]
    content = ("\ufeff" + as_csv(rows)).encode("utf-8" if encoding == "utf-8-sig" else encoding)
    assert text_of(_read(tmp_path, content, checked_encoding(encoding))) == rows


@pytest.mark.parametrize("actual", ["utf-8-sig", "utf-16"])
def test_a_mark_says_more_than_the_setting(tmp_path: Path, actual: str) -> None:
    rows = [row(description="Łódź £")]
    assert text_of(_read(tmp_path, as_csv(rows).encode(actual), "cp1250")) == rows


@pytest.mark.usefixtures("reading")
@pytest.mark.parametrize(
    ("encoding", "bytes_", "shown"),
    [
        ("utf-8", b"caf\xe9", "caf\\xe9"),
        ("cp1252", b"\x81x", "\\x81x"),
        ("shift_jis", b"\x83\x5c\xff", "ソ\\xff"),
    ],
)
def test_a_line_that_is_not_such_text_costs_only_itself(
    tmp_path: Path, encoding: str, bytes_: bytes, shown: str
) -> None:
    line = LINE.encode()
    bad = line.replace(b"WHITE HEART", bytes_)
    content = b"\r\n".join([HEADER.encode(), line, bad, line, line + b",x", line, bad])
    frame = _read(tmp_path, content, encoding)
    assert frame.get_column("line_no").to_list() == [1, 2, 3, 4, 5, 6]
    assert text_of(frame) == [row(), row(), row()]
    faults = frame.filter(pl.col("fault").is_not_null()).select("line_no", "fault", "raw").rows()
    raw = LINE.replace("WHITE HEART", shown)
    assert faults == [
        (2, f"it is not {encoding} text", raw),
        (4, "9 fields instead of 8", LINE + ",x"),
        (6, f"it is not {encoding} text", raw),
    ]


@pytest.mark.usefixtures("reading")
def test_a_header_that_is_not_such_text(tmp_path: Path) -> None:
    header = HEADER.replace("Country", "Länder").encode("cp1252")
    path = write(tmp_path / "day.csv", header + b"\n" + LINE.encode() + b"\n")
    (error,) = ingest_sources(tmp_path / "w", path, encoding="utf-8").failed
    assert isinstance(error, DeliveryUnreadable)
    assert "its first line is not utf-8 text" in error.message
    assert "--encoding" in error.message


def test_bytes_that_are_not_utf_16(tmp_path: Path) -> None:
    path = write(tmp_path / "day.csv", as_csv([row()]).encode() + b"x")
    (error,) = ingest_sources(tmp_path / "w", path, encoding="utf-16").failed
    assert isinstance(error, DeliveryUnreadable)


@pytest.mark.usefixtures("reading")
def test_the_first_line_read_as_windows_1252_is_told(tmp_path: Path) -> None:
    lines = [*[LINE.encode()] * 3, LINE.replace("WHITE", "£").encode("cp1252")] * 2
    path = write(tmp_path / "day.csv", b"\n".join([HEADER.encode(), *lines, b""]))
    (delivery,) = bronze_of(ingest_sources(tmp_path / "w", path)).deliveries
    assert delivery.encodings == ("cp1252",)
    assert delivery.notes == (
        "Line 5 of the file is not UTF-8: it and all lines that are not were read as Windows-1252. Set the encoding "
        "(--encoding) to cp1252, or to what it is, to settle it.",
    )


@pytest.mark.parametrize(
    ("name", "kept"),
    [("UTF8", "utf-8"), ("Latin-1", "iso-8859-1"), ("windows-1252", "cp1252"), ("sjis", "shift_jis")],
)
def test_names_of_an_encoding(name: str, kept: str) -> None:
    assert checked_encoding(name) == kept


def test_every_listed_encoding_leaves_ascii_and_line_feeds_alone() -> None:
    ascii_text = bytes(range(128)).decode()
    for name in ENCODINGS:
        assert checked_encoding(name) == name
        if not name.startswith("utf-16"):
            assert ascii_text.encode("ascii").decode(name).isascii()
            assert ascii_text.encode("ascii").decode(name)[:92] == ascii_text[:92]
