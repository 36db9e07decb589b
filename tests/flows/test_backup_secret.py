"""Password, manifest key and identity are found nowhere: not in the vault, logs, Prefect, processes or environments."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from tests.flows.conftest import base_environment
from tests.support.age import make_key
from tests.support.prefect_server import PrefectServer
from tests.support.servers import PASSWORD, debian_binaries, tcp_server

pytestmark = pytest.mark.slow
MANIFEST_KEY = "marked-manifest-key-55-1d0e"


def _secrets(identity: Path) -> list[str]:
    (secret_key,) = (line for line in identity.read_text().splitlines() if line.startswith("AGE-SECRET-KEY-"))
    return [PASSWORD, quote(PASSWORD, safe=""), MANIFEST_KEY, secret_key]


def _seen(process: subprocess.Popen[str]) -> str:
    """Command lines and environments of the process' children while it runs, and its own command line."""
    seen: set[str] = set()
    own = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            seen.add(" ".join(own.cmdline()))
            for child in own.children(recursive=True):
                command, environment = child.cmdline(), child.environ()
                if command != own.cmdline():  # else it is forked, and not a program of its own yet
                    seen |= {" ".join(command), str(environment)}
        except psutil.Error:
            continue
    return "\n".join(seen)


def test_marked_secrets(prefect_server: PrefectServer, tmp_path: Path) -> None:
    recipient = make_key(tmp_path / "identity")
    with tcp_server(debian_binaries()) as server:
        server.sql(
            "create schema shop; create table shop.t as select generate_series(1, 200000) as n", "retail"
        )
        server.sql("alter schema shop owner to retail; alter table shop.t owner to retail", "retail")
        environment = {
            **base_environment(tmp_path / "data"),
            **prefect_server.environment(),
            "DATABASE_URL": f"postgresql://retail:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}/retail",
            "RETAIL_VAULT": str(tmp_path / "vault"),
            "RETAIL_VAULT_RECIPIENTS": recipient,
            "RETAIL_VAULT_IDENTITY": str(tmp_path / "identity"),
            "RETAIL_MANIFEST_KEY": MANIFEST_KEY,
        }
        texts = []
        for name in ("backup", "prove", "restore"):
            made = [folder.name for folder in (tmp_path / "vault").glob("*")]
            command = [sys.executable, "-m", "flows", name, *made, "--verbose"]
            process = subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            texts.append(_seen(process))
            output = process.communicate()[0]
            assert process.returncode == 0, output
            texts.append(output)
    assert "pg_dump" in texts[0]
    assert "pg_restore" in texts[2]
    folders = (tmp_path / "vault", prefect_server.home, tmp_path / "data")
    for secret in _secrets(tmp_path / "identity"):
        assert not [text for text in texts if secret in text]
        found = [
            str(path)
            for folder in folders
            for path in folder.rglob("*")
            if path.is_file() and path.name != "manifest-key" and secret.encode() in path.read_bytes()
        ]
        assert found == []
