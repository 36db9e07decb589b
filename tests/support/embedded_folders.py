"""Data folders of embedded servers that tests start, stop and break, removed afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.postgres.embedded.processes import stop_orphans
from tasks.postgres.embedded.server import EmbeddedServer
from tests.conftest import open_folder

QUICK = {"fsync": "off"}
_START = (
    "import pathlib, sys\n"
    "from tasks.postgres.embedded.server import EmbeddedServer\n"
    "print(EmbeddedServer(pathlib.Path(sys.argv[1]), {'fsync': 'off'}).start().display)"
)


@contextmanager
def data_folder(name: str = "data") -> Iterator[Path]:
    """Yield the path of a missing data folder whose parent the server user can enter."""
    parent = open_folder("retail-embedded-")
    folder = parent / name
    try:
        yield folder
    finally:
        server = EmbeddedServer(folder)
        for owned in (folder, server.folder):
            if os.geteuid() == 0 and owned.exists():
                # Another user's folder is refused, even for a stop.
                os.chown(owned, 0, 0)
        server.stop()
        stop_orphans(server.cluster)
        shutil.rmtree(parent, ignore_errors=True)
        if not server.socket_dir.is_relative_to(server.folder):
            shutil.rmtree(server.socket_dir, ignore_errors=True)


def start_elsewhere(folder: Path) -> subprocess.Popen[str]:
    """Start the server from a child process, which prints its URL."""
    return subprocess.Popen(
        [sys.executable, "-c", _START, str(folder)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
