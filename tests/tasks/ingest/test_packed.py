"""Text packed as gzip, zstd or zip is read like the text itself, by the first bytes of the file."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import subprocess
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from tasks.errors import DeliveryChanged
from tasks.ingest import bronze, packing, source_file
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import Delivery, discover
from tasks.ingest.limits import ReadLimits
from tasks.ingest.readers import csv
from tasks.ingest.source_file import FileContent, read_and_hash
from tests.support.deliveries import (
    HEADER,
    LINE,
    ROW,
    as_csv,
    bronze_of,
    frame_of,
    ingest_sources,
    read,
    row,
    text_of,
    write,
)
from tests.support.packed import FORMATS, ROWS, TEXT, archive, pack, zstd


@pytest.fixture(params=[64 * 1024**2, 0], ids=["held", "streamed"])
def _held(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", request.param)
    monkeypatch.setattr(source_file, "CHUNK_BYTES", 1_000)


@pytest.mark.usefixtures("_held")
@pytest.mark.parametrize("name", ["day.csv.gz", "day.TXT.GZ", "day.tsv.zst", "day.csv.zst", "day.zip"])
def test_packed_text_is_read(tmp_path: Path, name: str) -> None:
    day = pack(tmp_path / name, name.rpartition(".")[2].lower())
    result = bronze_of(ingest_sources(tmp_path / "w", day))
    frame = frame_of(result)
    assert text_of(frame) == ROWS
    assert frame.get_column("line_no").to_list() == list(range(1, 401))
    (delivery,) = result.deliveries
    assert delivery.name == str(day)
    assert delivery.content_hash == hashlib.sha256(day.read_bytes()).hexdigest()
    assert delivery.size == day.stat().st_size


# HEADER and LINE, by pzstd.
PZSTD = base64.b64decode(
    "UCpNGAQAAACVAAAAKLUv/QRYRQQAAgkfHUDLNmCcWRPkwSZkIWRV/cUGkO+YwG+hwj2X4fS+h+WVQrYAqXjfEmj6HsDpLgMdsyzS"
    "NnEt2bZOoU6GBooQaJKihDaKa2/RBxWovCObLzF39JEmW/4X5ijHnoRviVB+6tHs+yWFFVR6P6NnvPhRrtxZRP+D+oBje0NKAQIA"
    "3BZEDMtUGRoGoK4="
)


class _Pipe(io.RawIOBase):
    """A file that cannot be searched: sizes and checksums of an archive follow the packed bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, data: Any, /) -> int:
        return self._file.write(data)

    def writable(self) -> bool:
        return True


@pytest.mark.usefixtures("_held")
def test_file_by_gzip(tmp_path: Path) -> None:
    write(tmp_path / "day.csv", TEXT)
    subprocess.run(["gzip", "-9", "day.csv"], cwd=tmp_path, check=True)
    assert text_of(read(tmp_path / "w", tmp_path / "day.csv.gz")) == ROWS


@pytest.mark.usefixtures("_held")
def test_file_by_pzstd(tmp_path: Path) -> None:
    assert text_of(read(tmp_path / "w", write(tmp_path / "day.csv.zst", PZSTD))) == [ROW]


@pytest.mark.usefixtures("_held")
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archive_written_to_a_pipe_with_sizes_of_64_bits(tmp_path: Path, method: int) -> None:
    with (tmp_path / "day.zip").open("wb") as file, zipfile.ZipFile(_Pipe(file), "w", method) as archived:
        archived.comment = b"PK" * 100
        with archived.open("in/day.csv", "w", force_zip64=True) as member:
            member.write(TEXT.encode())
    assert text_of(read(tmp_path / "w", tmp_path / "day.zip")) == ROWS


@pytest.mark.usefixtures("_held")
def test_packed_in_several_members_all_are_one_text(tmp_path: Path) -> None:
    first, second = TEXT[:5_001].encode(), TEXT[5_001:].encode()
    skipped = b"\x50\x2a\x4d\x18\x04\0\0\0size"
    parts = {
        "bgzip.csv.gz": gzip.compress(first) + gzip.compress(second) + gzip.compress(b""),
        "tape.csv.gz": gzip.compress(first) + gzip.compress(second) + bytes(70_000),
        "pzstd.csv.zst": skipped + zstd(first) + skipped + zstd(second),
    }
    for name, content in parts.items():
        assert text_of(read(tmp_path / "w", write(tmp_path / name, content))) == ROWS, name


@pytest.mark.parametrize("kind", FORMATS)
def test_first_bytes_decide_not_the_name(tmp_path: Path, kind: str) -> None:
    assert text_of(read(tmp_path / "w", pack(tmp_path / "day.csv", kind))) == ROWS
    plain = write(tmp_path / f"day.csv.{kind.replace('zip', 'gz')}", TEXT)
    assert text_of(read(tmp_path / "w", plain)) == ROWS


@pytest.mark.usefixtures("_held")
@pytest.mark.parametrize(
    "content",
    [
        pytest.param("\ufeff" + TEXT, id="utf-8 with a mark"),
        pytest.param(TEXT.encode("cp1252"), id="cp1252"),
        pytest.param(TEXT.replace("\r\n", "\r"), id="carriage returns"),
    ],
)
def test_text_of_any_encoding_and_line_end(tmp_path: Path, content: str | bytes) -> None:
    assert text_of(read(tmp_path / "w", pack(tmp_path / "day.csv.gz", "gz", content))) == ROWS


def test_other_files_of_an_archive_are_noted(tmp_path: Path) -> None:
    members = [("__MACOSX/._day.csv", "x"), (".hidden.csv", "x"), ("in/day.csv", TEXT), ("terms.pdf", "x")]
    result = bronze_of(ingest_sources(tmp_path / "w", archive(tmp_path / "day.zip", *members)))
    assert text_of(frame_of(result)) == ROWS
    assert result.deliveries[0].notes == ("The archive also holds terms.pdf: passed over.",)


def test_small_files_that_unpack_to_much_are_not_held_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", 100_000)
    for number in range(10):
        pack(tmp_path / f"{number}.csv.gz", "gz", f"{HEADER}\n" + f"{LINE}\n" * 500)
    held: list[int] = []
    unpack = bronze.unpack_content

    def unpack_and_count(*arguments: Any) -> FileContent:
        content = unpack(*arguments)
        held.append(len(content.data or b""))
        return content

    monkeypatch.setattr(bronze, "unpack_content", unpack_and_count)
    assert bronze_of(ingest_sources(tmp_path / "w", tmp_path)).rows == 5_000
    assert 0 < sum(held) <= 100_000


@pytest.mark.parametrize("cut", ["read_and_hash", "unpack_content"])
def test_cut_off_after_it_was_hashed_is_retried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", 0)
    day = write(tmp_path / "day.csv.gz", gzip.compress(TEXT.encode()))
    step = getattr(bronze, cut)

    def step_and_cut(*arguments: Any) -> FileContent:
        content: FileContent = step(*arguments)
        write(day, day.read_bytes()[:-9])
        return content

    monkeypatch.setattr(bronze, cut, step_and_cut)
    with pytest.raises(DeliveryChanged):
        ingest(discover([str(day)]).deliveries, {}, tmp_path / "w")


@pytest.mark.usefixtures("_held")
def test_short_first_member_does_not_decide_the_kind_of_line_end(tmp_path: Path) -> None:
    rows = [row(description="A\rB")]
    text = as_csv(rows, lineterminator="\n").encode()
    day = write(tmp_path / "day.csv.gz", gzip.compress(text[:3]) + gzip.compress(text[3:]))
    assert text_of(read(tmp_path / "w", day)) == rows


@pytest.mark.parametrize("kind", FORMATS)
def test_changed_while_it_is_read_is_retried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", 0)
    day = pack(tmp_path / ("day.zip" if kind == "zip" else f"day.csv.{kind}"), kind)
    other = pack(tmp_path / "other", kind, TEXT.replace("CAFÉ", "TEA!!")).read_bytes()

    def hash_and_change(delivery: Delivery, limits: ReadLimits) -> FileContent:
        content = read_and_hash(delivery, limits)
        write(day, other)
        return content

    monkeypatch.setattr(bronze, "read_and_hash", hash_and_change)
    with pytest.raises(DeliveryChanged):
        ingest(discover([str(day)]).deliveries, {}, tmp_path / "w")


def test_the_first_line_that_is_not_utf_8_is_that_of_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", 0)
    # The line is neither in the first bytes nor in the first block.
    monkeypatch.setattr(source_file, "CHUNK_BYTES", 500)
    monkeypatch.setattr(packing, "PIECE_BYTES", 500)
    monkeypatch.setattr(csv, "PEEK", 500)
    lines = [
        as_csv([row()] * 40).encode(),
        as_csv([row(description="CAFÉ")]).encode("cp1252").partition(b"\n")[2],
    ]
    day = write(tmp_path / "day.csv.gz", gzip.compress(b"".join(lines)))
    (delivery,) = bronze_of(ingest_sources(tmp_path / "w", day)).deliveries
    (note,) = delivery.notes
    assert note.startswith("Line 42 of the file is not UTF-8")
