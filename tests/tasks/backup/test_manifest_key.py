"""The manifest key of a data folder: made once, whole, for us alone."""

from __future__ import annotations

import multiprocessing
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.backup.keys.manifest_key import local_manifest_key, read_manifest_key
from tasks.errors import SettingsError, UntrustedPath


@pytest.fixture(autouse=True)
def generous_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def _key(folder: Path) -> tuple[str, bool]:
    key, _, is_new = local_manifest_key(folder)
    return key.get_secret_value(), is_new


def test_made_once_with_private_mode(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    key, is_new = _key(folder)
    assert is_new
    assert _key(folder) == (key, False)
    assert [file.name for file in folder.iterdir()] == ["manifest-key"]
    assert stat.S_IMODE((folder / "manifest-key").stat().st_mode) == 0o600
    # The user of the embedded server passes through it; nobody else writes there.
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert key not in repr(local_manifest_key(folder))


def test_processes_that_start_together_have_one_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        made = pool.map(_key, [tmp_path / "data"] * 16, chunksize=1)
    assert len({key for key, _ in made}) == 1
    assert sum(is_new for _, is_new in made) == 1
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["manifest-key"]


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    key, _ = _key(tmp_path)
    (tmp_path / "manifest-key").chmod(0o644)
    with pytest.raises(UntrustedPath, match="can be read by every user") as caught:
        _key(tmp_path)
    assert key not in str(caught.value)


def test_a_data_folder_of_everybody_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o777)
    with pytest.raises(UntrustedPath):
        _key(tmp_path / "data")
    assert list((tmp_path / "data").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "fewer than 16"),
        (b" short-4471 \n", "fewer than 16"),
        (b"4471" * 2000, "more than 4096"),
        (b"\xff4471" * 9, "it is no text"),
    ],
)
def test_files_that_hold_no_key(tmp_path: Path, content: bytes, what: str) -> None:
    file = tmp_path / "key"
    file.touch(mode=0o600)
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=what) as caught:
        read_manifest_key(file)
    assert "4471" not in str(caught.value)


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path, what in ((tmp_path / "pipe", "no regular file"), (tmp_path / "none", "No such file")):
        with pytest.raises(SettingsError, match=what):
            read_manifest_key(path)


def test_a_data_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").touch(mode=0o600)
    with pytest.raises(SettingsError, match="Manifest key .*data/manifest-key"):
        _key(tmp_path / "data")
