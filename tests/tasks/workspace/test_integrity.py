"""Only what we wrote is read from a workspace: changed parts are made again or refused, foreign ones never used."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from tasks.alerts.history import RunFigures, read_figures
from tasks.errors import OutputDamaged, UntrustedPath
from tasks.ingest import bronze as bronzes
from tasks.ingest.ingested import Bronze
from tasks.validate.settings import FeedSettings, ValidationSettings
from tasks.validate.silver import validate
from tasks.workspace.integrity import read_checked
from tasks.workspace.outputs import MANIFEST, part_path
from tasks.workspace.parquet_parts import write_part
from tests.conftest import open_folder
from tests.support.deliveries import as_csv, bronze_of, frame_of, ingest_sources, row, write
from tests.support.plain_run import AS_OF
from tests.support.required import missing

NOBODY = 65534


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder in which everybody finds the workspace."""
    folder = open_folder("retail-workspace-")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def day(place: Path) -> Path:
    return write(place / "day.csv", as_csv([row()] * 3))


def _forge(bronze: Bronze) -> None:
    """Put other lines into the first part, as whoever may write there can."""
    part = part_path(bronze.folder, 0)
    write_part(pl.read_parquet(part).with_columns(quantity=pl.lit("1000000")), part)


def _judge(bronze: Bronze, workspace: Path) -> None:
    validate(bronze, ValidationSettings(FeedSettings(), AS_OF), workspace)


def test_a_part_that_changed_is_made_again(place: Path, day: Path) -> None:
    bronze = bronze_of(ingest_sources(place / "w", day))
    before = frame_of(bronze)
    _forge(bronze)
    again = bronze_of(ingest_sources(place / "w", day))
    assert again == bronze
    assert frame_of(again).equals(before)


def test_a_change_that_keeps_the_size_is_seen(place: Path, day: Path) -> None:
    bronze = bronze_of(ingest_sources(place / "w", day))
    part = part_path(bronze.folder, 0)
    content = part.read_bytes()
    part.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    assert bronze_of(ingest_sources(place / "w", day)) == bronze
    assert part.read_bytes() == content


def test_an_output_of_a_release_without_hashes_is_made_again(
    place: Path, day: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bronze = bronze_of(ingest_sources(place / "w", day))
    manifest = Path(bronze.folder, MANIFEST)
    kept = json.loads(manifest.read_text())
    del kept["hashes"]
    sizes = {part.name: part.stat().st_size for part in manifest.parent.glob("part-*")}
    manifest.write_text(json.dumps({**kept, "sizes": sizes}))
    made: list[Path] = []
    write_parts = bronzes._write_parts
    monkeypatch.setattr(
        bronzes,
        "_write_parts",
        lambda files, folder, limits: made.append(folder) or write_parts(files, folder, limits),
    )
    assert bronze_of(ingest_sources(place / "w", day)) == bronze
    assert len(made) == 1
    assert "hashes" in json.loads(manifest.read_text())


def test_a_part_that_changes_between_two_stages_stops_the_run_and_is_named(place: Path, day: Path) -> None:
    bronze = bronze_of(ingest_sources(place / "w", day))
    _forge(bronze)
    part = part_path(bronze.folder, 0)
    with pytest.raises(OutputDamaged) as caught:
        _judge(bronze, place / "w")
    assert caught.value.message == f"{part} changed since it was written. Run again: the output is made anew."
    _judge(bronze_of(ingest_sources(place / "w", day)), place / "w")


@pytest.mark.parametrize("lost", ["part-00000.parquet", MANIFEST])
def test_a_part_that_is_lost_between_two_stages_is_named(place: Path, day: Path, lost: str) -> None:
    bronze = bronze_of(ingest_sources(place / "w", day))
    Path(bronze.folder, lost).unlink()
    with pytest.raises(OutputDamaged, match=r"part-00000\.parquet is gone\. Run again"):
        _judge(bronze, place / "w")


def test_a_part_that_the_manifest_does_not_list_is_refused(place: Path, day: Path) -> None:
    bronze = bronze_of(ingest_sources(place / "w", day))
    shutil.copy(part_path(bronze.folder, 0), part_path(bronze.folder, 1))
    with pytest.raises(OutputDamaged, match=r"part-00001\.parquet has no hash"):
        read_checked(part_path(bronze.folder, 1))


@pytest.mark.parametrize("open_to_all", ["", "bronze"])
def test_a_workspace_that_others_may_write_is_refused(place: Path, day: Path, open_to_all: str) -> None:
    bronze_of(ingest_sources(place / "w", day))
    (place / "w" / open_to_all).chmod(0o777)
    with pytest.raises(UntrustedPath, match=r"RETAIL_WORKSPACE") as caught:
        ingest_sources(place / "w", day)
    assert caught.value.attributes["path"] == str(place / "w" / open_to_all)
    assert f"chmod go-w {place / 'w' / open_to_all}" in caught.value.next_step


@pytest.mark.parametrize("planted", ["", "bronze", "bronze/output", "bronze/output/manifest.json"])
def test_bronze_of_another_user_is_never_loaded(place: Path, day: Path, planted: str) -> None:
    if os.geteuid() != 0:
        missing("root, who can give files away")
    bronze = bronze_of(ingest_sources(place / "w", day))
    culprit = place / "w" / planted.replace("output", Path(bronze.folder).name)
    os.chown(culprit, NOBODY, NOBODY)
    with pytest.raises(UntrustedPath, match="belongs to user nobody"):
        ingest_sources(place / "w", day)
    with pytest.raises(UntrustedPath, match="belongs to user nobody"):
        _judge(bronze, place / "w")


def test_a_landing_folder_may_belong_to_anybody(place: Path) -> None:
    inbox = place / "inbox"
    write(inbox / "day.csv", as_csv([row()] * 3))
    inbox.chmod(0o777)
    if os.geteuid() == 0:
        for path in (inbox, inbox / "day.csv"):
            os.chown(path, NOBODY, NOBODY)
    assert bronze_of(ingest_sources(place / "w", inbox)).rows == 3


def test_a_report_that_others_may_write_tells_an_alert_nothing(place: Path) -> None:
    report = place / "w" / "reports" / "run.json"
    saved = {"deliveries": [], "warehouse": "w", "rows_in": 7, "rows_quarantined": 1}
    write(report, json.dumps(saved))
    assert read_figures(report).lines == 7
    report.chmod(0o666)
    assert read_figures(report) == RunFigures()
