"""File, folder and glob find the same deliveries, each once, in order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tasks.ingest.discover import discover
from tests.support.deliveries import HEADER, LINE, write


def _names(*sources: Path | str) -> list[str]:
    discovery = discover([str(source) for source in sources])
    assert discovery.failed == ()
    return [delivery.name for delivery in discovery.deliveries]


def test_name_of_a_file_is_its_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    day = write(tmp_path / "till" / "day.csv", "a\n")
    monkeypatch.chdir(tmp_path)
    assert _names("till/day.csv") == [str(day)]
    assert _names("./till/../till/day.csv") == [str(day)]
    delivery = discover(["till/day.csv"]).deliveries[0]
    assert (delivery.path, delivery.size) == (str(day), 2)


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    day = write(tmp_path / "day.csv", "a\n")
    assert _names("~/day.csv") == [str(day)]


@pytest.mark.parametrize("pattern", ["", "*.csv", "day-?.csv", "**/*.csv", "day-[12].csv"])
def test_folder_and_glob_give_the_same_names_as_files(tmp_path: Path, pattern: str) -> None:
    days = [write(tmp_path / f"day-{number}.csv", "a\n") for number in (2, 1)]
    assert _names(tmp_path / pattern) == sorted(_names(*days)) == [str(days[1]), str(days[0])]


def test_file_in_several_sources_is_delivered_once(tmp_path: Path) -> None:
    day = write(tmp_path / "till" / "day.csv", "a\n")
    (tmp_path / "link.csv").symlink_to(day)
    (tmp_path / "linked-folder").symlink_to(tmp_path / "till")
    several = [day, tmp_path / "till", tmp_path / "till" / "*.csv", tmp_path / "link.csv", tmp_path]
    assert _names(*several, tmp_path / "linked-folder") == [str(day)]


def test_links_to_files_and_folders_are_followed(tmp_path: Path) -> None:
    far = write(tmp_path / "elsewhere" / "far.csv", "a\n")
    other = write(tmp_path / "other.csv", "a\n")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "month").symlink_to(far.parent)
    (inbox / "today.csv").symlink_to(other)
    assert _names(inbox) == [str(other), str(far)]


def test_link_cycles_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    day = write(tmp_path / "inbox" / "day.csv", "a\n")
    for name in ("again", "once-more"):
        (tmp_path / "inbox" / name).symlink_to(tmp_path)
    listed: list[object] = []
    scandir = os.scandir

    def counted(path: str) -> Any:
        listed.append(path)
        assert len(listed) < 100
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counted)
    assert _names(tmp_path) == [str(day)]
    assert listed == [str(tmp_path), str(tmp_path / "inbox")]


def test_order_of_sources_and_folders(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "2011/d.parquet", "2010/c.csv", "z/e.CSV"):
        write(tmp_path / "inbox" / name, "a\n")
    first = write(tmp_path / "z-first.csv", "a\n")
    names = _names(first, tmp_path / "inbox")
    short = [os.path.relpath(name, tmp_path / "inbox") for name in names[1:]]
    assert names[0] == str(first)
    assert short == ["a.csv", "b.csv", "2010/c.csv", "2011/d.parquet", "z/e.CSV"]


def test_folder_with_a_name_like_a_pattern(tmp_path: Path) -> None:
    day = write(tmp_path / "till[1]" / "day.csv", "a\n")
    write(tmp_path / "till1" / "other.csv", "a\n")
    assert _names(tmp_path / "till[1]") == [str(day)]


def test_hidden_entries_are_skipped(tmp_path: Path) -> None:
    day = write(tmp_path / "day.csv", "a\n")
    write(tmp_path / ".day.csv", "a\n")
    write(tmp_path / ".trash" / "day.csv", "a\n")
    discovery = discover([str(tmp_path)])
    assert [delivery.name for delivery in discovery.deliveries] == [str(day)]
    assert discovery.passed_over == ()


def test_other_files_are_reported_as_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "day.csv", "a\n")
    notes = write(tmp_path / "sub" / "notes.txt", "a\n")
    discovery = discover([str(tmp_path), str(tmp_path / "**")])
    assert discovery.passed_over == (str(notes),)
    assert len(discovery.deliveries) == 1


@pytest.mark.parametrize(
    "name",
    ["a.txt", "a.tsv", "a.TXT", "a.csv.gz", "a.txt.gz", "a.tsv.zst", "a.CSV.ZST", "a.zip", "a.parquet.gz"],
)
def test_suffixes_of_deliveries_in_folders(tmp_path: Path, name: str) -> None:
    day = write(tmp_path / name, f"{HEADER}\n")
    assert _names(tmp_path) == [str(day)]


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\n{LINE}\n",
        "Sales of Leeds\n\nInvoice;Product;Quantity;Date;Price\n",
        "Sales of Leeds\na,b,c,d,e\n1,2,3,4,5\n",
        f"{HEADER}\n".encode("utf-16"),
        "",
    ],
    ids=["header", "title and semicolons", "title and commas", "utf-16", "empty"],
)
def test_text_file_of_a_folder_that_may_hold_sales_is_a_delivery(
    tmp_path: Path, content: str | bytes
) -> None:
    day = write(tmp_path / "day.txt", content)
    assert _names(tmp_path) == [str(day)]


def test_readme_in_a_folder_is_passed_over_but_not_if_it_is_the_source(tmp_path: Path) -> None:
    write(tmp_path / "day.csv", "a\n")
    text = "Deliveries of Leeds, York and Hull.\nAsk Ann, Bob, Cy, Dee or Eve about them.\n"
    readme = write(tmp_path / "README.txt", text * 100)
    assert discover([str(tmp_path)]).passed_over == (str(readme),)
    assert _names(readme) == [str(readme)]


def test_pipe_named_txt_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (error,) = discover([str(tmp_path)]).failed
    assert "it is not a regular file" in error.message
