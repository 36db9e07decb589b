"""A password is found nowhere: not in logs, reports, artifacts, Prefect's database, the workspace, the process list."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from tasks.postgres.connect import connected
from tasks.postgres.embedded.server import SUPERUSER, EmbeddedServer
from tests.conftest import open_folder
from tests.flows.conftest import Retail, base_environment
from tests.support.prefect_server import PrefectServer, free_port

MARKED = "marked/P@ss#word-7731"


@pytest.fixture
def guarded_url() -> Iterator[str]:
    """The address of a server on loopback TCP that asks for the marked password."""
    folder, port = open_folder("retail-guarded-"), free_port()
    server = EmbeddedServer(folder, {"listen_addresses": "127.0.0.1", "port": str(port), "fsync": "off"})
    superuser = server.settings(user=SUPERUSER, database="postgres")

    async def guard() -> None:
        async with connected(superuser) as connection:
            await connection.execute(f"alter role retail password '{MARKED}'")
            rules = Path(await connection.fetchval("show hba_file"))
            rules.write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
            await connection.execute("select pg_reload_conf()")

    server.start()
    asyncio.run(guard())
    yield f"postgresql://retail:{quote(MARKED, safe='')}@127.0.0.1:{port}/retail"
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def _places(word: str, folders: list[Path]) -> list[str]:
    """Files below the folders that hold the word, as it is or percent-encoded."""
    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and any(
                form.encode() in path.read_bytes() for form in (word, quote(word, safe=""))
            ):
                found.append(str(path))
    return found


def test_marked_password(guarded_url: str, prefect_server: PrefectServer, days: Path, tmp_path: Path) -> None:
    environment = {
        **base_environment(tmp_path / "data"),
        **prefect_server.environment(),
        "DATABASE_URL": guarded_url,
    }
    retail = Retail(environment)
    command = [sys.executable, "-m", "flows", "etl", str(days / "2010-12-05.csv"), "--verbose", "--json"]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    seen = set()
    while process.poll() is None:
        for one in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
            try:
                seen.add(" ".join(one.cmdline()))
            except psutil.Error:
                continue
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert '"rows_loaded":' in out

    wrong = retail(
        "etl", str(days / "2010-12-05.csv"), "-v", DATABASE_URL=guarded_url.replace("7731", "7732")
    )
    assert wrong.code == 1
    assert "password authentication failed" in wrong.err
    missing = retail("etl", "/nowhere.csv", "-v")
    assert missing.code == 1

    said = "\n".join([out, err, wrong.out, wrong.err, missing.out, missing.err, *seen])
    for part in (MARKED, quote(MARKED, safe=""), "P@ss", "P%40ss", "word-773"):
        assert part not in said
    assert _places("word-773", [prefect_server.home, tmp_path]) == []
