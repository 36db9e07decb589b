"""Known deliveries that a folder or glob no longer has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.ingest.discover import discover
from tasks.ingest.vanished import SearchedSource, search_known
from tests.support.deliveries import LINE, write


def _search(source: Path | str, *known: Path | str, root: str = "") -> tuple[SearchedSource, ...]:
    """Search a source for deliveries that are known by these names."""
    found = discover([str(source)], root)
    names = [delivery.name for delivery in found.deliveries]
    return search_known(found.searched, root, list(map(str, known)), names)


def _gone(source: Path | str, *known: Path | str, root: str = "") -> set[str]:
    """The file names of the deliveries that are gone from a source."""
    return {Path(name).name for searched in _search(source, *known, root=root) for name in searched.gone}


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """A folder with one delivery, and one in a folder of it."""
    write(tmp_path / "in" / "a.csv", LINE)
    write(tmp_path / "in" / "till" / "b.csv", LINE)
    return tmp_path / "in"


def test_of_a_folder_with_its_folders(inbox: Path, tmp_path: Path) -> None:
    known = [inbox / "a.csv", inbox / "lost.csv", inbox / "till" / "lost too.csv", tmp_path / "elsewhere.csv"]
    assert _gone(inbox, *known) == {"lost.csv", "lost too.csv"}
    (searched,) = _search(inbox, *known)
    assert searched.held == set(map(str, known[:3]))


@pytest.mark.parametrize(
    ("pattern", "gone"),
    [
        ("*.csv", {"lost.csv"}),
        ("l?st.csv", {"lost.csv"}),
        ("[!l]*.csv", set()),
        ("*/*.csv", {"lost too.csv"}),
        ("**/*.csv", {"lost.csv", "lost too.csv"}),
        ("**", {"lost.csv", "lost too.csv"}),
        ("till/*", {"lost too.csv"}),
    ],
)
def test_of_a_glob(inbox: Path, pattern: str, gone: set[str]) -> None:
    known = [inbox / "lost.csv", inbox / "till" / "lost too.csv"]
    assert _gone(inbox / pattern, *known) == gone


def test_names_relative_to_a_root(inbox: Path) -> None:
    assert _gone(inbox / "till", "till/b.csv", "till/lost.csv", root=str(inbox)) == {"lost.csv"}
    assert _gone(inbox / "till", "till/lost.csv") == set()


def test_through_a_link(inbox: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(inbox)
    assert _gone(tmp_path / "link", inbox / "lost.csv") == {"lost.csv"}
    assert _gone(tmp_path / "link" / "*.csv", inbox / "lost.csv") == {"lost.csv"}


def test_a_file_as_a_source_stands_for_itself(inbox: Path) -> None:
    assert _search(inbox / "a.csv", inbox / "lost.csv") == ()


@pytest.mark.parametrize("source", ["nowhere", "nowhere/*.csv"])
def test_a_source_that_does_not_exist(inbox: Path, source: str) -> None:
    assert _search(inbox / source, inbox / "nowhere" / "lost.csv") == ()


def test_an_empty_folder(inbox: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert _gone(tmp_path / "empty", tmp_path / "empty" / "lost.csv") == {"lost.csv"}


def test_what_is_there_but_not_taken(inbox: Path) -> None:
    os.rename(inbox / "a.csv", inbox / "a.csv.tmp")
    (inbox / "link.csv").symlink_to(inbox / "nowhere.csv")
    write(inbox / ".hidden" / "c.csv", LINE)
    known = ["a.csv.tmp", "link.csv", ".hidden/c.csv", ".hidden/lost.csv"]
    assert _gone(inbox, *(inbox / name for name in known)) == set()
