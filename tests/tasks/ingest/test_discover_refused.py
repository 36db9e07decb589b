"""Sources that cannot be delivered are reported with their cause; the others are found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.errors import DeliveryError, DeliveryMissing, DeliveryUnreadable
from tasks.ingest.discover import discover
from tasks.outside_text import displayable
from tests.support.deliveries import write
from tests.support.required import missing
from tests.support.unprivileged import as_nobody, common_folder


def _discover_with_bad(source: Path | str, good: Path) -> DeliveryError:
    discovery = discover([str(source), str(source), str(good)])
    assert [delivery.path for delivery in discovery.deliveries] == [str(good)]
    (error,) = discovery.failed
    assert error.message.startswith(f"{displayable(error.delivery)}: ")
    return error


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write(tmp_path / "good.csv", "a\n")


@pytest.mark.parametrize(
    "name",
    ["none.csv", "no folder/", "broken-link.csv", "circle.csv", "~nobody-has-this-name/x.csv", "x\0.csv"],
)
def test_missing_path(tmp_path: Path, good: Path, name: str) -> None:
    (tmp_path / "broken-link.csv").symlink_to(tmp_path / "gone.csv")
    (tmp_path / "circle.csv").symlink_to(tmp_path / "circle.csv")
    source = name if name.startswith("~") else f"{tmp_path}/{name}"
    error = _discover_with_bad(source, good)
    assert isinstance(error, DeliveryMissing)
    assert error.delivery == source
    assert "there is no such file or folder. Check the path" in error.message


@pytest.mark.parametrize("source", ["*.parquet", "empty", "empty/**"])
def test_folder_or_pattern_without_deliveries(tmp_path: Path, good: Path, source: str) -> None:
    write(tmp_path / "empty" / "notes.txt", "a\n")
    error = _discover_with_bad(tmp_path / source, good)
    assert isinstance(error, DeliveryMissing)
    assert (
        "no deliveries found (.csv, .txt, .tsv or .parquet, or text as .gz, .zst or .zip)." in error.message
    )


@pytest.mark.parametrize("name", ["lines.xlsx", "lines", "lines.gz", "lines.pdf.gz"])
def test_unknown_suffix(tmp_path: Path, good: Path, name: str) -> None:
    error = _discover_with_bad(write(tmp_path / name, "a\n"), good)
    assert isinstance(error, DeliveryUnreadable)
    assert error.delivery == str(tmp_path / name)
    assert "its suffix is not that of a delivery. Deliver .csv, .txt, .tsv or .parquet" in error.message


@pytest.mark.parametrize("source", ["inbox", "inbox/*", "in*/gone.csv"])
@pytest.mark.parametrize("target", ["never.csv", "never"])
def test_dangling_links(tmp_path: Path, good: Path, target: str, source: str) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "gone.csv").symlink_to(tmp_path / target)
    error = _discover_with_bad(tmp_path / source, good)
    assert isinstance(error, DeliveryMissing)
    assert error.delivery == str(tmp_path / target)
    assert "it cannot be accessed (No such file or directory)" in error.message


def test_pipe_does_not_block(tmp_path: Path, good: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    error = _discover_with_bad(tmp_path / "pipe.csv", good)
    assert isinstance(error, DeliveryUnreadable)
    assert "it is not a regular file" in error.message


def test_name_that_the_ledger_cannot_store(tmp_path: Path, good: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9.csv"
    try:
        os.close(os.open(raw, os.O_CREAT | os.O_WRONLY))
    except OSError:
        missing("a file system that takes names that are not UTF-8")
    error = _discover_with_bad(os.fsdecode(raw), good)
    assert isinstance(error, DeliveryUnreadable)
    assert "not UTF-8. Rename the file" in error.message
    error.message.encode()


@pytest.mark.parametrize(
    "source", ["", "**", "**/*.csv", "*/*.csv", "[co]*/day.csv", "*/*/*.csv", "*/deep/*.csv"]
)
def test_folder_without_permission_is_reported(source: str) -> None:
    with common_folder() as inbox:
        day = write(inbox / "open" / ("deep" if source.count("/") == 2 else "") / "day.csv", "a\n")
        (inbox / "closed").mkdir()
        (inbox / "closed").chmod(0)
        with as_nobody():
            discovery = discover([str(inbox / source)])
    assert [delivery.path for delivery in discovery.deliveries] == [str(day)]
    assert [error.message for error in discovery.failed] == [
        f"{inbox}/closed: the folder cannot be listed (Permission denied). Check its permissions."
    ]


def test_name_longer_than_the_ledger_allows(tmp_path: Path, good: Path) -> None:
    folder = tmp_path.joinpath(*["f" * 200] * 11)
    error = _discover_with_bad(write(folder / "day.csv", "a\n"), good)
    assert isinstance(error, DeliveryUnreadable)
    assert f"its name has {len(str(folder)) + 8:,} bytes" in error.message
    assert "root" in error.message
    assert discover([str(folder)], str(folder)).deliveries


@pytest.mark.parametrize("source", ["caf\udce9.csv", "caf\udce9*", "tea\ufffd.csv"])
def test_source_that_is_not_utf_8(tmp_path: Path, good: Path, source: str) -> None:
    error = _discover_with_bad(f"{tmp_path}/{source}", good)
    assert isinstance(error, DeliveryUnreadable)
    assert "not UTF-8. Rename the file" in error.message
    error.message.encode()
