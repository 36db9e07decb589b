"""What the tests share: one embedded Postgres, a fresh migrated database for each test, the real data."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.demo import BUNDLED
from tasks.postgres.connect import ConnectionSettings, connected, with_database
from tasks.postgres.embedded.server import SUPERUSER, EmbeddedServer
from tasks.warehouse.migrate import migrate
from tests.support import run_folder
from tests.support.prefect_server import PrefectServer, shared_prefect_server
from tests.support.run_folder import RunFolder

pytest_plugins = ["tests.support.soak"]
settings.register_profile(
    "full",
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.register_profile("few", settings.get_profile("full"), max_examples=20)
_numbers = count(1)
# Files that take long; they run first, so that no worker is left with one at the end.
_LONG_FILES = (
    "test_exit_codes.py",
    "test_blocks.py",
    "test_mapping.py",
    "test_json_of_failures.py",
    "test_status_commands.py",
    "test_vanished.py",
    "test_alerts_recover.py",
    "test_secret.py",
    "test_doctor.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """Create the folder of this test run; a worker of xdist gets it from the controller.

    Hypothesis tries few examples in a run without the slow tests. With them it tries them all.
    """
    settings.load_profile("few" if config.option.markexpr == "not slow" else "full")
    given = getattr(config, "workerinput", None)
    run_folder.use(RunFolder(Path(given["folder"]), given["controller"]) if given else RunFolder.create())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the folder of this test run to a worker of xdist."""
    folder = run_folder.current()
    node.workerinput |= {"folder": str(folder.path), "controller": folder.controller}


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are CPUs: many tests wait for servers and timeouts."""
    cpus = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return len(cpus) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long files first, then tests that start processes and wait for them in turn with those of `tests/tasks`.

    Tests of Hypothesis belong to the slow ones, too: a run without those tries few examples.
    """
    if config.option.markexpr == "slow":
        for item in items:
            if is_hypothesis_test(getattr(item, "obj", None)):
                item.add_marker("slow")

    files = list(dict.fromkeys(item.path for item in items))
    groups = [[file for file in files if ("tasks" in file.parts) is tasks] for tasks in (True, False)]
    places = {file: place / len(group) for group in groups for place, file in enumerate(group)}

    def order(item: pytest.Item) -> tuple[int, float, bool]:
        name = item.path.name
        rank = _LONG_FILES.index(name) if name in _LONG_FILES else len(_LONG_FILES)
        return rank, places[item.path], "tasks" in item.path.parts

    items.sort(key=order)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the shared servers after all workers have ended."""
    if not hasattr(config, "workerinput"):
        run_folder.current().remove()


def open_folder(prefix: str) -> Path:
    """A temporary folder that the server's unprivileged user can enter (pytest's own are 0700)."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=run_folder.memory()))
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """A running embedded server of this session's own."""
    folder = open_folder("retail-test-")
    embedded = EmbeddedServer(folder, {"fsync": "off", "max_wal_size": "1GB"})
    embedded.start()
    yield embedded
    embedded.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def prefect_server() -> PrefectServer:
    """The one Prefect server of the test run. Tests of all workers use it, so each looks only at what it created."""
    return shared_prefect_server()


@pytest.fixture
def prefect_api(prefect_server: PrefectServer) -> Iterator[PrefectServer]:
    """Blocks, variables and flows of the test's own process are on the shared Prefect server."""
    with temporary_settings({PREFECT_API_URL: prefect_server.url}):
        yield prefect_server


@pytest.fixture(scope="session")
def template(server: EmbeddedServer) -> str:
    """The name of a database with the schema at head."""

    async def make() -> None:
        await create_database(server.settings(), "template_retail")
        await migrate(with_database(server.settings(), "template_retail"))

    asyncio.run(make())
    return "template_retail"


async def create_database(owner: ConnectionSettings, name: str, template: str = "template0") -> None:
    """Create a database as the owner of the warehouse."""
    async with connected(owner) as connection:
        # Postgres's default strategy writes every page to the WAL, which takes several times the CPU.
        await connection.execute(f"create database {name} template {template} strategy file_copy")


@pytest.fixture
async def warehouse(server: EmbeddedServer, template: str) -> AsyncIterator[ConnectionSettings]:
    """A fresh warehouse: a database of its own with the schema at head and no line, as its owner."""
    async with _database_of_its_own(server, template) as settings:
        yield settings


@contextmanager
def database_of_a_file(server: EmbeddedServer, template: str) -> Iterator[ConnectionSettings]:
    """A copy of a database for a fixture that the tests of a file share."""
    with asyncio.Runner() as runner:
        copy = _database_of_its_own(server, template)
        yield runner.run(copy.__aenter__())
        runner.run(copy.__aexit__(None, None, None))


@pytest.fixture
async def empty(server: EmbeddedServer) -> AsyncIterator[ConnectionSettings]:
    """A database of its own without any schema of ours."""
    async with _database_of_its_own(server, "template0") as settings:
        yield settings


@asynccontextmanager
async def _database_of_its_own(server: EmbeddedServer, template: str) -> AsyncIterator[ConnectionSettings]:
    name = f"test_{os.getpid()}_{next(_numbers)}"
    await create_database(server.settings(), name, template)
    yield with_database(server.settings(), name)
    # As the superuser: an autovacuum worker may be at it, which the owner may not end.
    async with connected(server.settings(SUPERUSER, SUPERUSER)) as connection:
        await connection.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def real_lines() -> pl.DataFrame:
    """All 541,909 bundled lines, every column as text."""
    return pl.read_parquet(BUNDLED)


@pytest.fixture(scope="session")
def days(real_lines: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled lines as 305 daily CSV files, as a till would deliver them."""
    folder = tmp_path_factory.mktemp("days")
    by_day = real_lines.with_columns(day=pl.col("InvoiceDate").str.head(10)).partition_by("day", as_dict=True)
    for (day,), lines in by_day.items():
        lines.drop("day").write_csv(folder / f"{day}.csv")
    return folder
