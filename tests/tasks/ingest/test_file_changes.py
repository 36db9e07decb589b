"""A file that changes during the run: the loaded bytes are the hashed ones, or the step is retried."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import polars as pl
import pytest

from tasks.errors import DeliveryChanged, DeliveryUnreadable, Transient
from tasks.ingest import bronze, source_file
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import Delivery, discover
from tasks.ingest.limits import ReadLimits
from tasks.ingest.source_file import FileContent, read_and_hash
from tests.support.deliveries import LINE, ROW, as_csv, bronze_of, frame_of, read, text_of, write


def _after_hashing(monkeypatch: pytest.MonkeyPatch, change: object) -> None:
    """Call ``change`` after a file is hashed and before its rows are read."""

    def hash_and_change(delivery: Delivery, limits: ReadLimits) -> FileContent:
        content = read_and_hash(delivery, limits)
        change()  # type: ignore[operator]
        return content

    monkeypatch.setattr(bronze, "read_and_hash", hash_and_change)


def _large(tmp_path: Path, kind: str) -> Path:
    path = write(tmp_path / f"day.{kind}", as_csv([ROW] * 50))
    if kind == "parquet":
        pl.read_csv(path, infer_schema=False).write_parquet(path)
    return path


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_changed_large_file_is_retried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", 0)
    day = _large(tmp_path, kind)
    other = day.read_bytes().replace(b"WHITE", b"BLACK")
    _after_hashing(monkeypatch, lambda: day.write_bytes(other))
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
def test_deleted_large_file_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", 0)
    day = _large(tmp_path, kind)
    _after_hashing(monkeypatch, lambda: day.unlink(missing_ok=True))
    other = write(tmp_path / "other.csv", as_csv([ROW]))
    deliveries = discover([str(day)]).deliveries
    monkeypatch.setattr(source_file, "HELD_BYTES", os.stat(other).st_size)
    result = ingest([*deliveries, *discover([str(other)]).deliveries], {}, tmp_path / "w")
    assert [type(error) for error in result.failed] == [DeliveryUnreadable]
    assert result.failed[0].delivery == str(day)
    assert result.bronze
    assert result.bronze.names == (str(other),)


def test_small_file_is_parsed_from_the_hashed_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    day = write(tmp_path / "day.csv", as_csv([ROW]))
    before = hashlib.sha256(day.read_bytes()).hexdigest()
    _after_hashing(monkeypatch, lambda: day.write_text("changed"))
    frame = read(tmp_path / "w", day)
    assert text_of(frame) == [ROW]
    assert frame.get_column("content_hash").to_list() == [before]


@pytest.mark.parametrize("held", [10_000_000, 0])
def test_file_that_grew_after_discovery_is_read_completely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", held)
    day = write(tmp_path / "day.csv", as_csv([ROW]))
    deliveries = discover([str(day)]).deliveries
    with day.open("a") as file:
        file.write(f"{LINE}\n" * 5)
    grown = bronze_of(ingest(deliveries, {}, tmp_path / "w"))
    assert text_of(frame_of(grown)) == [ROW] * 6
    assert grown.deliveries[0].content_hash == hashlib.sha256(day.read_bytes()).hexdigest()
