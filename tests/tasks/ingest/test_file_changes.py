"""A file that changes during the run: the loaded bytes are the hashed ones, or the step is retried."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import polars as pl
import pytest

from tasks.errors import DeliveryChanged, DeliveryUnreadable, Transient
from tasks.ingest import bronze, source_file
from tasks.ingest.bronze import IngestResult, ingest
from tasks.ingest.discover import Delivery, discover
from tasks.ingest.limits import ReadLimits
from tasks.ingest.source_file import FileContent, read_and_hash
from tasks.ingest.unfinished import look_again
from tests.support.deliveries import ROW, as_csv, bronze_of, frame_of, read, text_of, write


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
    retried = tuple(map(look_again, deliveries))
    assert text_of(frame_of(bronze_of(ingest(retried, {}, tmp_path / "w"))))[0][2] == "BLACK HEART"


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


def _unfinished(result: IngestResult) -> list[tuple[str, str]]:
    assert (result.failed, result.bronze) == ((), None)
    return [(error.delivery, error.reason) for error in result.unfinished]


@pytest.mark.parametrize("held", [10_000_000, 0])
@pytest.mark.parametrize("before", [as_csv([ROW]), "", "Invoi"], ids=["rows", "empty", "half a header"])
def test_file_that_grew_after_discovery_is_unfinished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int, before: str
) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", held)
    day = write(tmp_path / "day.csv", before)
    deliveries = discover([str(day)]).deliveries
    write(day, as_csv([ROW] * 6))
    assert _unfinished(ingest(deliveries, {}, tmp_path / "w")) == [
        (
            str(day),
            f"the file changed while it was looked at (it had {len(before.encode()):,} bytes, then "
            f"{day.stat().st_size:,}). The next run tries it again.",
        )
    ]
    grown = bronze_of(ingest(tuple(map(look_again, deliveries)), {}, tmp_path / "w"))
    assert text_of(frame_of(grown)) == [ROW] * 6
    assert grown.deliveries[0].content_hash == hashlib.sha256(day.read_bytes()).hexdigest()


def test_file_that_was_written_to_is_unfinished(tmp_path: Path) -> None:
    day = write(tmp_path / "day.csv", as_csv([ROW]))
    deliveries = discover([str(day)]).deliveries
    os.utime(day, (1, 1))
    ((_, reason),) = _unfinished(ingest(deliveries, {}, tmp_path / "w"))
    assert "it was written to" in reason


@pytest.mark.parametrize("text", [as_csv([ROW]), "", "Invoi"], ids=["rows", "empty", "half a header"])
def test_young_file_is_unfinished(tmp_path: Path, text: str) -> None:
    day = write(tmp_path / "day.csv", text)
    deliveries = discover([str(day)]).deliveries
    ((_, reason),) = _unfinished(ingest(deliveries, {}, tmp_path / "w", settle_seconds=60))
    assert reason.endswith("it is taken 60 seconds after its last change. The next run tries it again.")


@pytest.mark.parametrize("age", [61, -10_000], ids=["old", "far in the future"])
def test_file_of_another_age_is_taken(tmp_path: Path, age: int) -> None:
    day = write(tmp_path / "day.csv", as_csv([ROW]))
    os.utime(day, (time.time() - age,) * 2)
    assert bronze_of(ingest(discover([str(day)]).deliveries, {}, tmp_path / "w", settle_seconds=60)).rows == 1


def test_young_file_that_is_loaded_is_unchanged(tmp_path: Path) -> None:
    day = write(tmp_path / "day.csv", as_csv([ROW]))
    known = {str(day): hashlib.sha256(day.read_bytes()).hexdigest()}
    result = ingest(discover([str(day)]).deliveries, known, tmp_path / "w", settle_seconds=60)
    assert (result.unchanged, result.unfinished) == ((str(day),), ())
