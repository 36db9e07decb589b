"""Links that lead out of a source folder are named, and not followed if the run keeps to the inside."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tasks.ingest.discover import Discovery, discover
from tests.support.deliveries import write


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """A landing folder with a delivery, a link to a file and one to a folder outside, and links that stay inside."""
    inbox = tmp_path / "inbox"
    day = write(inbox / "day.csv", "a\n")
    secret = write(tmp_path / "private" / "payroll.csv", "a\n")
    write(tmp_path / "archive" / "old" / "1.csv", "a\n")
    write(tmp_path / "archive" / "old" / "2.csv", "a\n")
    (inbox / "today.csv").symlink_to(secret)
    (inbox / "old").symlink_to(tmp_path / "archive" / "old")
    (inbox / "same.csv").symlink_to(day)
    (inbox / "here").symlink_to(inbox)
    return inbox


def _names(found: Discovery) -> list[str]:
    assert found.failed == ()
    return sorted(Path(delivery.name).name for delivery in found.deliveries)


def _links(inbox: Path) -> dict[str, str]:
    return {
        str(inbox / "today.csv"): str(inbox.parent / "private" / "payroll.csv"),
        str(inbox / "old"): str(inbox.parent / "archive" / "old"),
    }


@pytest.mark.parametrize("pattern", ["", "**/*.csv"])
def test_links_out_are_followed_and_named(inbox: Path, pattern: str) -> None:
    found = discover([str(inbox / pattern)])
    assert _names(found) == ["1.csv", "2.csv", "day.csv", "payroll.csv"]
    assert found.links_out == _links(inbox)
    assert found.passed_over == ()


@pytest.mark.parametrize("pattern", ["", "**/*.csv"])
def test_a_run_that_keeps_to_the_inside_passes_them_over(inbox: Path, pattern: str) -> None:
    found = discover([str(inbox / pattern)], follow_links=False)
    assert _names(found) == ["day.csv"]
    assert found.links_out == _links(inbox)
    assert set(found.passed_over) == set(_links(inbox))


def test_a_closed_folder_outside_fails_nothing_then(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a supplier could otherwise make every run fail."""
    monkeypatch.setattr("os.access", lambda path, *_, **__: not str(path).endswith("old"))
    assert [error.delivery for error in discover([str(inbox / "*" / "*.csv")]).failed] == [str(inbox / "old")]
    assert discover([str(inbox / "*" / "*.csv")], follow_links=False).failed == ()


def test_a_folder_outside_is_not_even_listed_then(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[str] = []
    scandir = os.scandir

    def noted(path: str) -> Any:
        listed.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", noted)
    discover([str(inbox)], follow_links=False)
    assert listed == [str(inbox)]


def test_a_source_that_is_a_link_itself_was_chosen_by_the_caller(inbox: Path) -> None:
    sources = [str(inbox / "today.csv"), str(inbox / "old")]
    found = discover(sources, follow_links=False)
    assert _names(found) == ["1.csv", "2.csv", "payroll.csv"]
    assert found.links_out == {}


def test_a_relative_pattern_stays_in_the_working_directory(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(inbox)
    found = discover(["*.csv"], follow_links=False)
    assert _names(found) == ["day.csv"]
    assert list(found.links_out) == [str(inbox / "today.csv")]
