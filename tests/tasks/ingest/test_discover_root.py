"""The root is cut off the names of deliveries, so that they are the same on all machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import SettingsError
from tasks.ingest.discover import discover
from tests.support.deliveries import write


def test_same_name_on_two_machines(tmp_path: Path) -> None:
    names = []
    for machine in ("one", "two"):
        write(tmp_path / machine / "shop" / "2010" / "day.csv", "a\n")
        root = tmp_path / machine
        names.append([delivery.name for delivery in discover([str(root / "shop")], str(root)).deliveries])
    assert names == [["shop/2010/day.csv"]] * 2


def test_file_outside_the_root_keeps_its_path(tmp_path: Path) -> None:
    inside = write(tmp_path / "shop" / "day.csv", "a\n")
    outside = write(tmp_path / "shop-2" / "day.csv", "a\n")
    discovery = discover([str(inside), str(outside)], str(tmp_path / "shop"))
    assert [delivery.name for delivery in discovery.deliveries] == ["day.csv", str(outside)]
    assert [delivery.path for delivery in discovery.deliveries] == [str(inside), str(outside)]


def test_root_with_links(tmp_path: Path) -> None:
    day = write(tmp_path / "disk" / "day.csv", "a\n")
    (tmp_path / "mounted").symlink_to(tmp_path / "disk")
    assert discover([str(day)], str(tmp_path / "mounted")).deliveries[0].name == "day.csv"


def test_root_must_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"root: .*nowhere is not a folder") as caught:
        discover([], str(tmp_path / "nowhere"))
    assert caught.value.attributes == {"setting": "root"}
