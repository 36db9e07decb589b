"""A warehouse with slices of the real data, and the API in front of it, one for each file of tests."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, with_database
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.integrity.check import built_in_checks
from tasks.warehouse.integrity.examine import examine_integrity
from tests.conftest import create_database, database_of_a_file
from tests.support import slices
from tests.support.api_server import ApiServer, serving
from tests.support.plain_run import run

_PREFIXES = ("DATABASE_URL", "RETAIL_", "PIPELINE_", "SUPABASE_")


@contextmanager
def environment_of(warehouse: ConnectionSettings, data_dir: Path, **more: str) -> Iterator[None]:
    """Settings of the environment: this warehouse, this folder, and ``more``; those that were there come back."""
    before = {name: value for name, value in os.environ.items() if name.startswith(_PREFIXES)}
    for name in before:
        del os.environ[name]
    given = {"DATABASE_URL": warehouse.display, "RETAIL_DATA_DIR": str(data_dir), **more}
    os.environ.update(given)
    try:
        yield
    finally:
        for name in given:
            os.environ.pop(name, None)
        os.environ.update(before)


@pytest.fixture(scope="session")
def loaded_template(server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with two feeds of real lines, one fault, and results of the integrity checks."""
    folder = tmp_path_factory.mktemp("api")
    first = slices.write(folder / "2010-12-01.csv", slices.days(1, 1))
    second = slices.write(folder / "2010-12-02.csv", slices.days(2, 2))
    lines = slices.invoices()
    faulty = slices.write(
        folder / "faulty.csv",
        [*lines["536365"], slices.with_values(lines["536366"][0], Quantity="six"), *lines["536370"]],
    )

    async def make() -> None:
        name = "template_api"
        await create_database(server.settings(), name, template)
        warehouse = with_database(server.settings(), name)
        await run(warehouse, folder / "work", [first, second])
        await run(warehouse, folder / "work", [faulty], feed="leeds")
        await examine_integrity(warehouse, built_in_checks())

    asyncio.run(make())
    return "template_api"


@pytest.fixture(scope="module")
def api_warehouse(server: EmbeddedServer, loaded_template: str) -> Iterator[ConnectionSettings]:
    """A copy of that database for the tests of a file."""
    with database_of_a_file(server, loaded_template) as settings:
        yield settings


@pytest.fixture(scope="module")
def api(api_warehouse: ConnectionSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """The API in front of it."""
    with environment_of(api_warehouse, tmp_path_factory.mktemp("data")), serving() as running:
        yield running
