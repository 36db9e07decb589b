"""Data folders with any name and depth work; unusable ones give a clear error."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.errors import EmbeddedServerError
from tasks.postgres.connect import connected, from_url
from tasks.postgres.embedded.server import EmbeddedServer
from tests.support.embedded_folders import QUICK, data_folder
from tests.support.slow import slow_but

_BLANKS = "blanks 'quotes' and é"


@pytest.mark.parametrize("name", slow_but([_BLANKS], [_BLANKS, "deep/" * 30 + "folder"]))
async def test_any_name_and_depth(name: str) -> None:
    with data_folder(name) as folder:
        address = EmbeddedServer(folder, QUICK).start()
        assert from_url(address.display).host == address.host
        async with connected(from_url(address.display)) as connection:
            assert await connection.fetchval("select current_user") == "retail"


def test_a_long_socket_path_does_not_depend_on_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    server = EmbeddedServer(Path("/" + "long" * 40))
    here = server.socket_dir
    monkeypatch.setenv("TMPDIR", "/elsewhere")
    assert server.socket_dir == here
    assert EmbeddedServer(Path("/" + "elsewhere" * 20)).socket_dir != here


def test_the_address_has_no_comma() -> None:
    """Programs read a comma in the address as a separator of two hosts."""
    server = EmbeddedServer(Path("/a,b"))
    assert "," not in server.settings().display
    assert "," not in EmbeddedServer(Path("/a,b") / ("deep/" * 30)).settings().display


def test_a_link_and_its_target_are_one_server(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "data")
    assert EmbeddedServer(tmp_path / "link").settings() == EmbeddedServer(tmp_path / "data").settings()


def test_the_data_folder_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    with pytest.raises(EmbeddedServerError, match=r"cannot be used.*--data-dir") as caught:
        EmbeddedServer(tmp_path / "data").start()
    assert str(tmp_path / "data") in caught.value.message


def test_a_folder_with_other_files_is_left_alone() -> None:
    with data_folder() as folder:
        precious = EmbeddedServer(folder).cluster / "precious"
        precious.parent.mkdir(parents=True)
        precious.write_text("mine")
        with pytest.raises(EmbeddedServerError, match="not empty"):
            EmbeddedServer(folder, QUICK).start()
        assert precious.read_text() == "mine"


def test_a_private_parent_folder(tmp_path: Path) -> None:
    """For root, the server user cannot enter it; anyone else is the server user."""
    tmp_path.chmod(0o700)
    server = EmbeddedServer(tmp_path / "data")
    try:
        if os.geteuid() == 0:
            with pytest.raises(EmbeddedServerError, match=r"cannot enter .*chmod a\+x"):
                server.start()
        else:
            server.start()
    finally:
        server.stop()
