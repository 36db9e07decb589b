"""What cannot be taken is named with its cause, and stops nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.errors import DeliveryError, DeliveryMissing, DeliveryUnreadable, escape_unprintable
from tasks.ingest.discover import discover
from tests.support.deliveries import write
from tests.support.required import missing
from tests.support.unprivileged import as_nobody, common_folder


def _refused(source: Path | str, good: Path) -> DeliveryError:
    found = discover([str(source), str(source), str(good)])
    assert [one.path for one in found.deliveries] == [str(good)]
    (error,) = found.failed
    assert error.message.startswith(f"{escape_unprintable(error.delivery)}: ")
    return error


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write(tmp_path / "good.csv", "a\n")


@pytest.mark.parametrize(
    "name",
    ["none.csv", "no folder/", "broken-link.csv", "circle.csv", "~nobody-has-this-name/x.csv", "x\0.csv"],
)
def test_a_missing_path(tmp_path: Path, good: Path, name: str) -> None:
    (tmp_path / "broken-link.csv").symlink_to(tmp_path / "gone.csv")
    (tmp_path / "circle.csv").symlink_to(tmp_path / "circle.csv")
    source = name if name.startswith("~") else f"{tmp_path}/{name}"
    error = _refused(source, good)
    assert isinstance(error, DeliveryMissing)
    assert (error.delivery, "there is no such file or folder. Check the path" in error.message) == (
        source,
        True,
    )


@pytest.mark.parametrize("source", ["*.parquet", "empty", "empty/**"])
def test_a_folder_or_pattern_without_deliveries(tmp_path: Path, good: Path, source: str) -> None:
    write(tmp_path / "empty" / "notes.txt", "a\n")
    error = _refused(tmp_path / source, good)
    assert isinstance(error, DeliveryMissing)
    assert "no file there ends in .csv or .parquet" in error.message


@pytest.mark.parametrize("name", ["lines.xlsx", "lines", "lines.csv.gz"])
def test_an_unknown_suffix(tmp_path: Path, good: Path, name: str) -> None:
    error = _refused(write(tmp_path / name, "a\n"), good)
    assert isinstance(error, DeliveryUnreadable)
    assert error.delivery == str(tmp_path / name)
    assert "ends in none of .csv, .parquet" in error.message


@pytest.mark.parametrize("source", ["inbox", "inbox/*", "in*/gone.csv"])
@pytest.mark.parametrize("target", ["never.csv", "never"])
def test_links_that_lead_nowhere(tmp_path: Path, good: Path, target: str, source: str) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "gone.csv").symlink_to(tmp_path / target)
    error = _refused(tmp_path / source, good)
    assert isinstance(error, DeliveryMissing)
    assert error.delivery == str(tmp_path / target)
    assert "cannot be looked at (No such file or directory)" in error.message


def test_a_pipe_is_not_waited_for(tmp_path: Path, good: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    error = _refused(tmp_path / "pipe.csv", good)
    assert isinstance(error, DeliveryUnreadable)
    assert "no regular file" in error.message


def test_a_name_that_no_ledger_can_hold(tmp_path: Path, good: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9.csv"
    try:
        os.close(os.open(raw, os.O_CREAT | os.O_WRONLY))
    except OSError:
        missing("a file system that takes names that are not UTF-8")
    error = _refused(os.fsdecode(raw), good)
    assert isinstance(error, DeliveryUnreadable)
    assert "not UTF-8. Rename the file" in error.message
    error.message.encode()


@pytest.mark.parametrize(
    "source", ["", "**", "**/*.csv", "*/*.csv", "[co]*/day.csv", "*/*/*.csv", "*/deep/*.csv"]
)
def test_a_folder_that_may_not_be_listed_is_no_silent_gap(source: str) -> None:
    with common_folder() as inbox:
        day = write(inbox / "open" / ("deep" if source.count("/") == 2 else "") / "day.csv", "a\n")
        (inbox / "closed").mkdir()
        (inbox / "closed").chmod(0)
        with as_nobody():
            found = discover([str(inbox / source)])
    assert [one.path for one in found.deliveries] == [str(day)]
    assert [one.message for one in found.failed] == [
        f"{inbox}/closed: the folder cannot be listed (Permission denied). Check its permissions."
    ]
