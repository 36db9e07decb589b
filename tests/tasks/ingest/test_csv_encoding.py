"""Files of Western European tills and spreadsheets are decoded correctly."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.deliveries import HEADER, as_csv, bronze_of, frame_of, ingest_sources, row, text_of, write

POUND = [row(description="£5 NOTE \u201cCAFÉ\u201d \u2013 3€"), row()]


@pytest.mark.parametrize("broken", [(), (("short", "row"),)], ids=["sound", "beside a broken row"])
@pytest.mark.parametrize(
    ("encoding", "reported"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("cp1252", "cp1252"),
        ("utf-16", "utf-16"),
        ("ascii", "utf-8"),
    ],
)
def test_encodings(tmp_path: Path, encoding: str, reported: str, broken: tuple[tuple[str, ...], ...]) -> None:
    rows = POUND[1:] if encoding == "ascii" else POUND
    day = write(tmp_path / "day.csv", as_csv([*rows, *broken]).encode(encoding))
    bronze = bronze_of(ingest_sources(tmp_path / "w", day))
    assert text_of(frame_of(bronze)) == rows
    assert bronze.deliveries[0].encodings == (reported,)


def test_big_endian_utf_16(tmp_path: Path) -> None:
    day = write(tmp_path / "day.csv", b"\xfe\xff" + as_csv(POUND).encode("utf-16-be"))
    assert text_of(frame_of(bronze_of(ingest_sources(tmp_path / "w", day)))) == POUND


def test_line_in_another_encoding_keeps_the_others(tmp_path: Path) -> None:
    line = ",".join(str(value) for value in row(description="£"))
    lines = [HEADER.encode(), line.encode("utf-8"), line.encode("cp1252"), line.encode("utf-8"), b""]
    day = write(tmp_path / "day.csv", b"\n".join(lines))
    assert text_of(frame_of(bronze_of(ingest_sources(tmp_path / "w", day)))) == [row(description="£")] * 3


def test_undefined_bytes_of_windows_1252_stay_distinct(tmp_path: Path) -> None:
    undefined = b"\x81\x8d\x8f\x90\x9d"
    template = as_csv([row(description="BYTE")]).encode()
    day = write(tmp_path / "day.csv", template.replace(b"BYTE", undefined))
    frame = frame_of(bronze_of(ingest_sources(tmp_path / "w", day)))
    assert text_of(frame)[0][2] == undefined.decode("latin-1")
