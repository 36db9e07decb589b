"""Permissions bite no root: tests of them run as nobody where they are run as root."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import open_folder

_NOBODY = 65534


@contextmanager
def as_nobody() -> Iterator[None]:
    """Run the block without root's rights; as another user, nothing changes."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


@contextmanager
def common_folder() -> Iterator[Path]:
    """A temporary folder that nobody may use too."""
    folder = open_folder("retail-common-")
    folder.chmod(0o777)
    try:
        yield folder
    finally:
        for path in folder.rglob("*"):
            path.chmod(0o700)
        shutil.rmtree(folder)
