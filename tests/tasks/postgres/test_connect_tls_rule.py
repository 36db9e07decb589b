"""A host that is not this machine is spoken to with TLS only."""

from __future__ import annotations

import pytest

from tasks import progress
from tasks.errors import SettingsError
from tasks.postgres.connect import ConnectionSettings, connect, from_url

FAR = ["db.example.com", "10.0.0.7", "[2001:db8::7]", "0.0.0.0", "localhost.example.com", "127.0.0.1.nip.io"]
NEAR = ["localhost", "LocalHost", "127.0.0.1", "127.8.8.8", "[::1]", "%2Fvar%2Frun"]


@pytest.mark.parametrize("host", FAR)
def test_tls_is_required_far_away(host: str) -> None:
    assert from_url(f"postgresql://ann@{host}/sales").sslmode == "require"


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer"])
@pytest.mark.parametrize("host", FAR)
def test_less_is_refused_and_the_message_says_tls(host: str, mode: str) -> None:
    with pytest.raises(SettingsError, match="TLS"):
        from_url(f"postgresql://ann@{host}/sales?sslmode={mode}")


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_more_may_be_asked_for(mode: str) -> None:
    assert from_url(f"postgresql://ann@db.example.com/sales?sslmode={mode}").sslmode == mode


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require"])
@pytest.mark.parametrize("host", NEAR)
def test_this_machine_may_be_spoken_to_without(host: str, mode: str) -> None:
    assert from_url(f"postgresql://ann@{host}/sales?sslmode={mode}").sslmode == mode
    assert from_url(f"postgresql://ann@{host}/sales").sslmode == "prefer"


async def test_settings_made_by_hand_are_held_to_it_before_anything_is_sent() -> None:
    steps: list[progress.Progress] = []
    with progress.listening(steps.append), pytest.raises(SettingsError, match="TLS"):
        await connect(ConnectionSettings("db.invalid", sslmode="prefer"))
    assert steps == []
