"""Run tests of permissions as nobody when the tests run as root, who ignores permissions."""

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
    """Run the block as nobody if the tests run as root; otherwise change nothing."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


@contextmanager
def common_folder() -> Iterator[Path]:
    """Create a temporary folder that nobody can write, too."""
    folder = open_folder("retail-common-")
    # Sticky, as /tmp is: what belongs to one user cannot be replaced by another.
    folder.chmod(0o1777)
    try:
        yield folder
    finally:
        for path in folder.rglob("*"):
            path.chmod(0o700)
        shutil.rmtree(folder)
