"""Every query of docs/queries.md runs and returns rows of the real data."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import SUPERUSER
from tests.support.plain_run import run

TEXT = (Path(__file__).parents[3] / "docs/queries.md").read_text()
QUERIES = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
async def loaded(warehouse: ConnectionSettings, days: Path, tmp_path: Path) -> ConnectionSettings:
    files = sorted(days.iterdir())
    await run(warehouse, tmp_path, [files[0], files[1], files[-1]])
    return replace(warehouse, user=SUPERUSER)


async def test_each_query_returns_rows_for_a_reader(loaded: ConnectionSettings) -> None:
    assert len(QUERIES) >= 6
    async with connected(loaded) as connection:
        await connection.execute("set role retail_reader")
        for query in QUERIES:
            assert await connection.fetch(query), query
