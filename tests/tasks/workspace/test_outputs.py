"""Outputs are private, named by their inputs, and reused instead of made again."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tasks.ingest import bronze
from tasks.workspace import outputs
from tests.support.deliveries import as_csv, bronze_of, ingest_sources, row, write


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def day(tmp_path: Path) -> Path:
    return write(tmp_path / "day.csv", as_csv([row()] * 3))


def test_only_the_owner_can_read_files_and_folders(tmp_path: Path, day: Path) -> None:
    before = os.umask(0)
    try:
        folder = Path(bronze_of(ingest_sources(tmp_path / "w", day)).folder)
    finally:
        os.umask(before)
    assert [_mode(path) for path in (folder, folder.parent, tmp_path / "w")] == [0o700] * 3
    assert {path.name: _mode(path) for path in folder.iterdir()} == {
        "part-00000.parquet": 0o600,
        "manifest.json": 0o600,
    }


def test_name_depends_on_the_inputs(tmp_path: Path, day: Path) -> None:
    first = bronze_of(ingest_sources(tmp_path / "w", day)).folder
    day.touch()
    assert bronze_of(ingest_sources(tmp_path / "w", day)).folder == first
    assert Path(bronze_of(ingest_sources(tmp_path / "other", day)).folder).name == Path(first).name

    copied = write(tmp_path / "copy.csv", day.read_bytes())
    write(day, as_csv([row()] * 4))
    others = [
        bronze_of(ingest_sources(tmp_path / "w", *sources)).folder
        for sources in ([copied], [day], [day, copied])
    ]
    assert len({first, *others}) == 4


def test_new_reader_version_reads_again(tmp_path: Path, day: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = bronze_of(ingest_sources(tmp_path / "w", day))
    monkeypatch.setattr(bronze, "READER_VERSION", bronze.READER_VERSION + 1)
    assert bronze_of(ingest_sources(tmp_path / "w", day)).folder != first.folder


def test_finished_output_is_reused(tmp_path: Path, day: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = bronze_of(ingest_sources(tmp_path / "w", day))

    def write_parts(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(bronze, "_write_parts", write_parts)
    assert bronze_of(ingest_sources(tmp_path / "w", day)) == first


def test_failure_leaves_no_output(tmp_path: Path) -> None:
    def fill(folder: Path) -> dict[str, Any]:
        (folder / "part").write_text("half")
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        outputs.make_output(tmp_path, "bronze", "name", fill)
    assert list((tmp_path / "bronze").iterdir()) == []


def test_manifest_is_returned_unchanged(tmp_path: Path) -> None:
    manifest = {"parts": 1, "names": ["a", "£"], "sizes": {"a": None}}
    for _ in range(2):
        assert outputs.make_output(tmp_path, "bronze", "name", lambda _: manifest)[1] == manifest
