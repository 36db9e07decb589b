"""The command line in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.embedded.server import EmbeddedServer
from tests.conftest import database_of_a_file
from tests.support import commands
from tests.support.alert_receivers import Receivers, alert_receivers
from tests.support.deliveries import as_csv, row, write
from tests.support.prefect_server import PrefectServer


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The JSON object on the last line of standard output."""
        report: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return report


@dataclass(frozen=True)
class Retail:
    """The command line, in the environment of a test."""

    environment: dict[str, str]

    def __call__(self, *arguments: str, timeout: float = 120, **more: str) -> Ended:
        """Run ``retail`` with these arguments; ``more`` adds to the environment."""
        return self.run([sys.executable, "-m", "flows", *arguments], timeout, **more)

    def script(self, code: str, *arguments: str, **more: str) -> Ended:
        """Run Python code in that environment, where it imports the libraries of ``fork_server`` in no time."""
        done = commands.run("-c", [code, *arguments], {**self.environment, **more}, 120)
        return Ended(done.returncode, done.stdout, done.stderr)

    def run(self, command: Sequence[str], timeout: float = 120, **more: str) -> Ended:
        """Run any command in that environment."""
        environment = {**self.environment, **more}
        if list(command[:2]) == [sys.executable, "-m"]:
            done = commands.run(command[2], command[3:], environment, timeout)
            return Ended(done.returncode, done.stdout, done.stderr)
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return Ended(done.returncode, done.stdout, done.stderr)


def base_environment(data_dir: Path) -> dict[str, str]:
    """The environment of a command whose embedded server and workspace are in ``data_dir``."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PREFECT_", "RETAIL_", "DATABASE_", "PIPELINE_", "SUPABASE_"))
    }
    return {**kept, "RETAIL_DATA_DIR": str(data_dir)}


def as_url(settings: ConnectionSettings) -> str:
    """The address of a warehouse behind a socket."""
    return settings.display


@pytest.fixture
def retail(prefect_server: PrefectServer, warehouse: ConnectionSettings, tmp_path: Path) -> Retail:
    """The command line with the shared Prefect server and a fresh warehouse."""
    return _retail(prefect_server, warehouse, tmp_path)


@pytest.fixture(scope="module")
def shared_retail(
    prefect_server: PrefectServer,
    server: EmbeddedServer,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Retail]:
    """The command line with a warehouse that the tests of a file share, which only look at what a fixture loaded."""
    with database_of_a_file(server, template) as warehouse:
        yield _retail(prefect_server, warehouse, tmp_path_factory.mktemp("shared"))


def _retail(prefect_server: PrefectServer, warehouse: ConnectionSettings, folder: Path) -> Retail:
    environment = base_environment(folder / "data")
    return Retail({**environment, **prefect_server.environment(), "DATABASE_URL": as_url(warehouse)})


@pytest.fixture
def plain_retail(tmp_path: Path) -> Retail:
    """The command line without a Prefect server and without a warehouse, for what needs neither."""
    return Retail({**base_environment(tmp_path / "data"), "PREFECT_HOME": str(tmp_path / "prefect")})


@pytest.fixture
def receivers(
    prefect_api: PrefectServer,
    warehouse: ConnectionSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Receivers]:
    """Receivers of the alerts of runs in this process, with the shared Prefect server and a fresh warehouse."""
    with alert_receivers(tmp_path) as receivers:
        for name, value in {
            "DATABASE_URL": as_url(warehouse),
            "RETAIL_DATA_DIR": str(tmp_path / "data"),
            **receivers.environment(),
        }.items():
            monkeypatch.setenv(name, value)
        yield receivers


@pytest.fixture
def lineage_environment(
    prefect_api: PrefectServer,
    warehouse: ConnectionSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> pytest.MonkeyPatch:
    """Runs in this process go to a fresh warehouse, and tell nobody yet."""
    monkeypatch.setenv("DATABASE_URL", as_url(warehouse))
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path / "data"))
    for name in ("OPENLINEAGE_URL", "RETAIL_LINEAGE_FILE", "RETAIL_ATLAS_URL"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def till(tmp_path: Path) -> Path:
    """A delivery with a guest, a copy and a line that goes to the quarantine."""
    lines = [*(row(quantity=str(number)) for number in range(1, 40)), row(customer_id=None)]
    return write(tmp_path / "till.csv", as_csv([*lines, row(quantity="1"), row(quantity="many")]))
