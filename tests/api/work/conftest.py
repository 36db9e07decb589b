"""Work of the API on a warehouse of its own, with the shared Prefect server and a vault."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.work.outcome import RunReader
from api.work.start_work import Work
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.pool import QueryPool
from tests.flows.conftest import as_url
from tests.support.age import make_key
from tests.support.prefect_server import PrefectServer


@pytest.fixture
def vault(warehouse: ConnectionSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The vault of the settings; they select the test's warehouse too."""
    folder = tmp_path / "vault"
    for name, value in {
        "DATABASE_URL": as_url(warehouse),
        "RETAIL_DATA_DIR": str(tmp_path / "data"),
        "RETAIL_VAULT": str(folder),
        "RETAIL_VAULT_RECIPIENTS": make_key(tmp_path / "identity"),
        "RETAIL_VAULT_IDENTITY": str(tmp_path / "identity"),
    }.items():
        monkeypatch.setenv(name, value)
    return folder


@pytest.fixture
async def pool(warehouse: ConnectionSettings) -> AsyncIterator[QueryPool]:
    async with QueryPool(warehouse) as pool:
        yield pool


@pytest.fixture
async def work(vault: Path, pool: QueryPool, prefect_api: PrefectServer) -> AsyncIterator[Work]:
    """Work in this process; other tests on the shared Prefect server may serve the deployments of prefect.yaml."""
    async with Work(pool, limit=4, place="process") as work:
        yield work


@pytest.fixture
def reader(work: Work) -> RunReader:
    return RunReader(work.pool, work.prefect)


async def stays() -> bool:
    """A client that does not go."""
    return False
