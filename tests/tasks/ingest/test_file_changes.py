"""A file that changes while it is read: what was hashed is what is loaded, or the reading is tried again."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import polars as pl
import pytest

from tasks.errors import DeliveryChanged, DeliveryUnreadable, Transient
from tasks.ingest import bronze, source_file
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tasks.ingest.source_file import FileContent, read_and_hash
from tests.support.deliveries import LINE, ROW, as_csv, bronze_of, frame_of, read, text_of, write


def _between(monkeypatch: pytest.MonkeyPatch, change: object) -> None:
    """Call ``change`` once a file was hashed and before its rows are read."""

    def hashed(delivery: object) -> FileContent:
        content = read_and_hash(delivery)  # type: ignore[arg-type]
        change()  # type: ignore[operator]
        return content

    monkeypatch.setattr(bronze, "read_and_hash", hashed)


def _large(tmp_path: Path, kind: str) -> Path:
    path = write(tmp_path / f"day.{kind}", as_csv([ROW] * 50))
    if kind == "parquet":
        pl.read_csv(path, infer_schema=False).write_parquet(path)
    return path


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_large_file_that_changes_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", 0)
    day = _large(tmp_path, kind)
    other = day.read_bytes().replace(b"WHITE", b"BLACK")
    _between(monkeypatch, lambda: day.write_bytes(other))
    deliveries = discover([str(day)]).deliveries
    with pytest.raises(
        DeliveryChanged, match=rf"{day}: the file changed while it was read\..*renaming"
    ) as caught:
        ingest(deliveries, {}, tmp_path / "w")
    assert isinstance(caught.value, Transient)
    assert caught.value.attributes == {"delivery": str(day)}
    assert list((tmp_path / "w" / "bronze").iterdir()) == []

    monkeypatch.undo()
    assert text_of(frame_of(bronze_of(ingest(deliveries, {}, tmp_path / "w"))))[0][2] == "BLACK HEART"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_large_file_that_vanishes_is_an_error_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", 0)
    day = _large(tmp_path, kind)
    _between(monkeypatch, lambda: day.unlink(missing_ok=True))
    other = write(tmp_path / "other.csv", as_csv([ROW]))
    deliveries = discover([str(day)]).deliveries
    monkeypatch.setattr(source_file, "HELD_BYTES", os.stat(other).st_size)
    ingested = ingest([*deliveries, *discover([str(other)]).deliveries], {}, tmp_path / "w")
    assert [type(error) for error in ingested.failed] == [DeliveryUnreadable]
    assert ingested.failed[0].delivery == str(day)
    assert ingested.bronze
    assert ingested.bronze.names == (str(other),)


def test_a_held_file_is_parsed_from_the_bytes_that_were_hashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = write(tmp_path / "day.csv", as_csv([ROW]))
    before = hashlib.sha256(day.read_bytes()).hexdigest()
    _between(monkeypatch, lambda: day.write_text("changed"))
    frame = read(tmp_path / "w", day)
    assert text_of(frame) == [ROW]
    assert frame.get_column("content_hash").to_list() == [before]


@pytest.mark.parametrize("held", [10_000_000, 0])
def test_a_file_that_grew_since_it_was_found_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", held)
    day = write(tmp_path / "day.csv", as_csv([ROW]))
    deliveries = discover([str(day)]).deliveries
    with day.open("a") as file:
        file.write(f"{LINE}\n" * 5)
    taken = bronze_of(ingest(deliveries, {}, tmp_path / "w"))
    assert text_of(frame_of(taken)) == [ROW] * 6
    assert taken.deliveries[0].content_hash == hashlib.sha256(day.read_bytes()).hexdigest()
