"""What a run starts (its own Prefect server, the embedded Postgres) gets none of the run's secrets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from blocks.own_server import without_own_settings
from tasks.backup.dump.tools import find_tools
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.embedded.binaries import program_environment
from tests.flows.conftest import as_url, base_environment

MARK = "marked-secret-7731"
SECRETS = {
    "PIPELINE_SMTP_PASSWORD": MARK,
    "PIPELINE_PAGER_URLS": f"json://127.0.0.1:9/{MARK}",
    "AIRFLOW_SLACK_WEBHOOK_URL": f"https://hooks.slack.com/services/{MARK}",
    "SUPABASE_DB_PASSWORD": MARK,
    "OPENLINEAGE_API_KEY": MARK,
    "PGPASSWORD": MARK,
    "pipeline_smtp_user": MARK,
}


def _looked_at(process: subprocess.Popen[str]) -> dict[str, str]:
    """Command line of each descendant to all that others may read of it, until the process ends."""
    seen: dict[str, str] = {}
    own: list[str] = []
    while process.poll() is None:
        try:
            run = psutil.Process(process.pid)
            own = own or run.cmdline()
            descendants = run.children(recursive=True)
        except psutil.Error:
            descendants = []
        for child in descendants:
            try:
                command, environment = child.cmdline(), child.environ()
            except psutil.Error:
                continue
            # Between fork and exec a child still is a copy of the run.
            if command and command != own:
                words = " ".join(command)
                seen[words] = f"{seen.get(words, '')} {words} {environment}"
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    return seen


@pytest.mark.slow
def test_children_have_no_secret(warehouse: ConnectionSettings, days: Path, tmp_path: Path) -> None:
    variables = {
        **base_environment(tmp_path / "data"),
        **SECRETS,
        # A socket's server lets everybody in: the password is sent to nobody, and must be seen nowhere.
        "DATABASE_URL": as_url(warehouse).replace("@", f":{MARK}@", 1),
        "PREFECT_HOME": str(tmp_path / "prefect"),
    }
    command = [sys.executable, "-m", "flows", "etl", str(days / "2010-12-05.csv"), "--json"]
    process = subprocess.Popen(
        command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    seen = _looked_at(process)
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert '"rows_loaded":' in out
    servers = [text for command, text in seen.items() if "prefect.server.api.server" in command]
    assert servers, seen.keys()
    assert all("'PREFECT_HOME':" in text and "'PATH':" in text for text in servers)
    assert [command for command, text in seen.items() if MARK in text] == []


def test_what_a_child_keeps() -> None:
    kept = {
        "PATH": "/bin",
        "HOME": "/root",
        "LANG": "C",
        "TZ": "UTC",
        "PREFECT_HOME": "/p",
        "HTTPS_PROXY": "http://p",
    }
    assert without_own_settings({**kept, **SECRETS, "DATABASE_URL": MARK, "database_url": MARK}) == kept


async def test_programs_of_postgres_get_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {**SECRETS, "DATABASE_URL": MARK}.items():
        monkeypatch.setenv(name, value)
    assert MARK not in str(program_environment())
    program = tmp_path / "pg_dump"
    program.write_text(f"#!/bin/sh\nenv >> {tmp_path}/seen\necho 'pg_dump (PostgreSQL) 17.1'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert program in [tool.pg_dump for tool in await find_tools()]
    seen = (tmp_path / "seen").read_text()
    assert "PATH=" in seen
    assert MARK not in seen
