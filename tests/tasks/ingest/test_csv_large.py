"""A large file, read in blocks, has the same rows as one held in memory, wherever the blocks end."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import DeliveryEmpty, DeliveryUnreadable
from tasks.ingest import source_file
from tasks.ingest.readers import csv, parts
from tests.support.deliveries import (
    HEADER,
    LINE,
    NAMES,
    as_csv,
    bronze_of,
    frame_of,
    ingest_sources,
    read,
    row,
    text_of,
    write,
)
from tests.support.soak import count, size

QUOTED = [
    row(description=text) for text in ("a\nb\nc", 'a, "b"\r\n,c', '"', "\n\n\n", "£\xe9\u2010\U0001f600")
]
SOUND = as_csv([*QUOTED, row(), *QUOTED] * 3)
BROKEN = (
    "short,row\n"
    + LINE.replace("WHITE", '"WHITE')
    + "\n"
    + LINE
    + ",x\n"
    + LINE.replace("HEART", '12"')
    + "\n"
)


def _shrink(monkeypatch: pytest.MonkeyPatch, chunk: int, piece: int = 100) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", 0)
    monkeypatch.setattr(source_file, "CHUNK_BYTES", chunk)
    monkeypatch.setattr(csv, "_PIECE_BYTES", piece)
    # Only the header is seen when the file is opened.
    monkeypatch.setattr(csv, "PEEK", 100)


@pytest.mark.parametrize("chunk", [100, 101, 400, 100_000])
@pytest.mark.parametrize(
    "content",
    [
        SOUND.encode(),
        SOUND.encode("utf-8-sig").removesuffix(b"\r\n"),
        (SOUND + BROKEN + SOUND.split("\r\n", 1)[1] + BROKEN).encode(),
        SOUND.replace("\r\n", "\n").encode(),
        (as_csv([row(description="£")] * 20, delimiter=";") + "short;row\n").encode("cp1252"),
        (as_csv([row()] * 20, lineterminator="\r") + "short,row\r").encode(),
        f"{HEADER}\n{LINE}\n".encode()
        + b"".join(f"£{LINE}\n".encode(code) for code in ("utf-8", "cp1252") * 9),
        f"\n\n{HEADER}\n\n{LINE}\n \n\n{LINE}".encode(),
    ],
    ids=["quoted", "mark", "broken", "unix", "cp1252", "old mac", "two encodings", "empty lines"],
)
def test_same_rows_as_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, chunk: int
) -> None:
    day = write(tmp_path / "day.csv", content)
    small = bronze_of(ingest_sources(tmp_path / "small", day))
    _shrink(monkeypatch, chunk)
    large = bronze_of(ingest_sources(tmp_path / "large", day))
    assert frame_of(large).rows() == frame_of(small).rows()
    assert large.deliveries == small.deliveries


_pieces = st.lists(
    st.sampled_from([LINE, ",", '"', '""', "\n", "\r\n", "a", 'x",', ',"x', ",,,,,,,", '"a,b\nc"', "£", " "]),
    max_size=30,
)


@settings(max_examples=size(40, soak=160, few=10))
@given(_pieces, st.integers(90, 300), st.integers(1, 200))
def test_any_text_has_the_same_rows_as_in_memory(pieces: list[str], chunk: int, piece: int) -> None:
    count("generated files")
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        day = write(folder / "day.csv", f"{HEADER}\n{''.join(pieces)}\n{LINE}\n")
        small = read(folder / "small", day)
        _shrink(patch, chunk, piece)
        assert read(folder / "large", day).rows() == small.rows()


def test_many_rows_are_split_into_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, real_lines: pl.DataFrame
) -> None:
    lines = real_lines.head(10_000)
    lines.write_csv(tmp_path / "day.csv")
    _shrink(monkeypatch, 50_000, 50_000)
    monkeypatch.setattr(parts, "ROWS_PER_PART", 3_000)
    bronze = bronze_of(ingest_sources(tmp_path / "w", tmp_path / "day.csv"))
    assert bronze.parts == 3
    assert text_of(frame_of(bronze)) == lines.select(NAMES).rows()
    assert frame_of(bronze).get_column("line_no").to_list() == list(range(1, 10_001))
    assert bronze.rows == 10_000


def test_large_file_without_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _shrink(monkeypatch, 10)
    day = write(tmp_path / "day.csv", HEADER + "\n" * 100)
    (error,) = ingest_sources(tmp_path / "w", day).failed
    assert isinstance(error, DeliveryEmpty)


def test_large_utf_16_file_is_rejected_with_a_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _shrink(monkeypatch, 10)
    (error,) = ingest_sources(tmp_path / "w", write(tmp_path / "day.csv", SOUND.encode("utf-16"))).failed
    assert isinstance(error, DeliveryUnreadable)
    assert "UTF-16" in error.message
    assert "Deliver it as UTF-8" in error.message
