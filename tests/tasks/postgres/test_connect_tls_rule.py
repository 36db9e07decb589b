"""A host that is not loopback is reached with TLS only."""

from __future__ import annotations

import pytest

from tasks import progress
from tasks.errors import SettingsError
from tasks.postgres.connect import ConnectionSettings, connect, from_url

REMOTE = [
    "db.example.com",
    "10.0.0.7",
    "[2001:db8::7]",
    "0.0.0.0",
    "localhost.example.com",
    "127.0.0.1.nip.io",
]
LOOPBACK = ["localhost", "LocalHost", "127.0.0.1", "127.8.8.8", "[::1]", "%2Fvar%2Frun"]


@pytest.mark.parametrize("host", REMOTE)
def test_tls_is_the_default_for_remote_hosts(host: str) -> None:
    assert from_url(f"postgresql://ann@{host}/sales").sslmode == "require"


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer"])
@pytest.mark.parametrize("host", REMOTE)
def test_weaker_modes_are_rejected_for_remote_hosts(host: str, mode: str) -> None:
    with pytest.raises(SettingsError, match="TLS"):
        from_url(f"postgresql://ann@{host}/sales?sslmode={mode}")


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_stronger_modes_are_accepted(mode: str) -> None:
    assert from_url(f"postgresql://ann@db.example.com/sales?sslmode={mode}").sslmode == mode


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require"])
@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_needs_no_tls(host: str, mode: str) -> None:
    assert from_url(f"postgresql://ann@{host}/sales?sslmode={mode}").sslmode == mode
    assert from_url(f"postgresql://ann@{host}/sales").sslmode == "prefer"


async def test_the_tls_rule_holds_for_settings_built_in_code() -> None:
    events: list[progress.Progress] = []
    with progress.listening(events.append), pytest.raises(SettingsError, match="TLS"):
        await connect(ConnectionSettings("db.invalid", sslmode="prefer"))
    assert events == []
