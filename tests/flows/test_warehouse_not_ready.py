"""A new database is read for and set up at once; where it cannot be set up, the run says so and ends."""

from dataclasses import replace
from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import SUPERUSER
from tasks.warehouse.migrate import schema_version
from tests.flows.conftest import Retail


async def test_a_schema_that_cannot_be_made(retail: Retail, empty: ConnectionSettings, days: Path) -> None:
    async with connected(replace(empty, user=SUPERUSER)) as connection:
        await connection.execute("create schema retail_ops; grant usage on schema retail_ops to retail")
    checked = retail("etl", str(days / "2010-12-05.csv"), "--json", DATABASE_URL=empty.display)
    assert checked.code == 1
    assert "loads: retail does not own schema retail_ops. Connect as the role that owns" in checked.err
    ended = retail(
        "etl", str(days / "2010-12-05.csv"), "--no-preflight", "--json", DATABASE_URL=empty.display
    )
    assert ended.code == 1
    assert "cannot set up the schema" in ended.err
    assert "Traceback" not in ended.err + ended.out
    assert "never retrieved" not in ended.err


async def test_a_new_database(retail: Retail, empty: ConnectionSettings, days: Path) -> None:
    ended = retail("etl", str(days / "2010-12-05.csv"), "--json", DATABASE_URL=empty.display)
    assert ended.code == 0
    lines = len((days / "2010-12-05.csv").read_text().splitlines()) - 1
    assert ended.report["tables"]["fact_sale"] == lines
    assert await schema_version(empty) is not None
