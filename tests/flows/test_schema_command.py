"""``retail schema --export`` writes a migration that ``supabase db push`` can apply."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.backup.catalogue.catalogue import Catalogue, read_catalogue
from tasks.backup.catalogue.differences import differences
from tasks.errors import SettingsError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse import schema_export
from tasks.warehouse.indexes import complete_indexes
from tasks.warehouse.migrate import head_revision
from tasks.warehouse.schema_export import export_schema
from tests.flows.conftest import Retail
from tests.support.ddl_log import log_ddl, logged_ddl
from tests.support.older_schema import create_schema_at
from tests.support.slices import days, write


def _apply(server: EmbeddedServer, database: ConnectionSettings, path: Path) -> str:
    """Run each statement by itself, outside of any transaction, as the owner, who is no superuser."""
    done = subprocess.run(
        [str(server.psql()), "-Xq", "-v", "ON_ERROR_STOP=1", "-d", database.display, "-f", "-"],
        input=path.read_text(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "WARNING" not in done.stderr
    return done.stderr if done.returncode else ""


async def _catalogue(database: ConnectionSettings) -> Catalogue:
    async with connected(database) as connection:
        assert not await connection.fetchval("select rolsuper from pg_roles where rolname = current_user")
        return await read_catalogue(connection)


async def _differences(expected: ConnectionSettings, actual: ConnectionSettings) -> list[str]:
    return differences(await _catalogue(expected), await _catalogue(actual), majors=(17, 17))


async def test_the_schema_is_that_of_migrate_and_a_run_changes_nothing(
    server: EmbeddedServer,
    warehouse: ConnectionSettings,
    empty: ConnectionSettings,
    retail: Retail,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "supabase" / "migrations"
    exported = retail("schema", "--export", str(folder), "--json")
    assert exported.code == 0, exported.err
    (path,) = folder.iterdir()
    assert re.fullmatch(r"\d{14}_retail\.sql", path.name)
    assert exported.report == {"file": str(path), "from": None, "to": head_revision()}
    assert not re.search(r"^\s*(begin|commit)\s*;", path.read_text(), re.IGNORECASE | re.MULTILINE)
    assert "supabase_migrations" not in path.read_text()

    assert _apply(server, empty, path) == ""
    await complete_indexes(warehouse)
    assert await _differences(warehouse, empty) == []

    await log_ddl(empty)
    day = write(tmp_path / "day.csv", days(1, 1))
    run = await asyncio.to_thread(retail, "etl", str(day), "--json", DATABASE_URL=empty.display)
    assert run.code == 0, run.err
    assert run.report["rows_loaded"] > 0
    assert await logged_ddl(empty) == []

    again = retail("schema", "--export", str(folder))
    assert again.code == 0
    assert "nothing was written" in again.out
    assert "the retail schema is at" in _apply(server, empty, path)


async def test_in_one_transaction_and_without_keys(
    warehouse: ConnectionSettings, empty: ConnectionSettings, tmp_path: Path
) -> None:
    path = export_schema(tmp_path, keys=False).path
    assert path is not None
    async with connected(empty) as connection, connection.transaction():
        await connection.execute(path.read_text())
    assert await _differences(warehouse, empty) == []


async def test_only_what_is_new_since_the_last_export(
    server: EmbeddedServer,
    warehouse: ConnectionSettings,
    empty: ConnectionSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "20991231235959_profiles.sql").write_text("create table public.profile ();\n")
    with monkeypatch.context() as earlier:
        earlier.setattr(schema_export, "head_revision", lambda: "0010_attempts")
        first = export_schema(tmp_path, keys=False).path
    assert first is not None
    assert first.name == "20991231235960_retail.sql"  # after the last one, whatever the time
    second = export_schema(tmp_path, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert (second.present, second.head) == ("0010_attempts", head_revision())
    assert second.path is not None
    assert second.path.name == "20991231235961_retail.sql"
    assert "fact_sale_pkey" not in second.path.read_text()
    await create_schema_at(empty, "0010_attempts")
    assert _apply(server, empty, second.path) == ""
    assert await _differences(warehouse, empty) == []
    assert f"is at {head_revision()}, and this migration begins at 0010_attempts" in (
        _apply(server, empty, second.path)
    )


def test_a_file_that_was_edited_or_is_missing(tmp_path: Path) -> None:
    path = export_schema(tmp_path).path
    assert path is not None
    text = path.read_text()
    path.write_text(text.partition("\n")[2])
    with pytest.raises(SettingsError, match=r"no export of this package, or was edited.*Rename it"):
        export_schema(tmp_path)
    path.write_text(text.replace(head_revision(), "9999_later", 1))
    with pytest.raises(SettingsError, match="unknown to this release"):
        export_schema(tmp_path)
    path.write_text(text.replace("from nothing", "from 0010_attempts", 1))
    with pytest.raises(SettingsError, match="does not continue the exports before it"):
        export_schema(tmp_path)
    shutil.rmtree(tmp_path)
    tmp_path.touch()
    with pytest.raises(SettingsError, match="cannot be written"):
        export_schema(tmp_path)
