"""The alert about a wrong password names the place where user and password come from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

# Imported before the server is configured: tasks then have no tags, each of which costs a request to the server.
from blocks import SupabaseWarehouse
from tasks.errors import WrongPassword
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.embedded.server import EmbeddedServer
from tests.flows.conftest import as_url
from tests.support.alert_receivers import LINE, Receivers
from tests.support.alert_runs import run
from tests.support.alert_samples import SECRET
from tests.support.servers import TcpServer, tcp_server

PLACES = {
    "block": "User and password come from the block supabase-warehouse/wrong-password.",
    "variable": "User and password come from DATABASE_URL (environment).",
    "file": "User and password come from DATABASE_URL ({folder}/.env).",
    "PGPASSWORD": "The user comes from DATABASE_URL (environment), the password from PGPASSWORD (environment).",
    "pgpass": "The user comes from DATABASE_URL (environment), the password from the file {folder}/pgpass if it has "
    "a line for this server.",
    "nowhere": "The user comes from DATABASE_URL (environment), and there is no password.",
}


@pytest.fixture(scope="module")
def guarded(server: EmbeddedServer) -> Iterator[TcpServer]:
    """A server with another password."""
    with tcp_server(server.psql().parent) as tcp:
        yield tcp


@pytest.mark.parametrize("place", PLACES)
async def test_a_wrong_password_is_named_with_its_place(
    receivers: Receivers,
    warehouse: ConnectionSettings,
    guarded: TcpServer,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    folder = receivers.folder
    monkeypatch.chdir(folder)
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", str(folder / "pgpass"))
    await _set_password(place, guarded.port, folder, monkeypatch)
    block = "wrong-password" if place == "block" else ""
    with pytest.raises(WrongPassword):
        await run(receivers.deliver("a.csv", LINE), feed=f"alerts-password-{place}", warehouse=block)
    text = receivers.slack.accepted[0]["blocks"][1]["text"]["text"]
    assert f"{PLACES[place].format(folder=folder)}" in text
    assert ("DATABASE_URL" in text) is (place != "block")
    assert SECRET not in text
    if place in {"block", "variable"}:
        # Another warehouse does not show that the block is right; the variable is the one that was wrong.
        monkeypatch.setenv("DATABASE_URL", as_url(warehouse))
        await run(receivers.deliver("a.csv", LINE), feed=f"alerts-password-{place}")
        recovered = ["Recovered (Run failed): retail-etl"] if place == "variable" else []
        assert receivers.slack.headlines[1:] == recovered


async def _set_password(place: str, port: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = f"127.0.0.1:{port}/retail?sslmode=disable"
    with_password, without = f"postgresql://retail:{SECRET}@{options}", f"postgresql://retail@{options}"
    monkeypatch.setenv("DATABASE_URL", without if place not in {"variable", "block"} else with_password)
    if place == "block":
        await SupabaseWarehouse(
            host="127.0.0.1",
            port=port,
            database="retail",
            user="retail",
            password=SecretStr(SECRET),
            tls_mode="disable",
        ).asave("wrong-password", overwrite=True)
    elif place == "file":
        monkeypatch.delenv("DATABASE_URL")
        (folder / ".env").write_text(f"DATABASE_URL={with_password}\n")
        (folder / ".env").chmod(0o600)
    elif place == "PGPASSWORD":
        monkeypatch.setenv("PGPASSWORD", SECRET)
    elif place == "pgpass":
        (folder / "pgpass").write_text(f"*:*:*:*:{SECRET}\n")
        (folder / "pgpass").chmod(0o600)
