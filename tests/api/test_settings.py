"""The users of the API are checked before it serves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import argon2
import pytest

from api.app import create_app
from api.passwords import hash_password
from api.settings import ApiSettings, read_api_settings
from blocks.api_users import ApiUsers
from blocks.user_list import ApiUser
from tasks.errors import SettingsError
from tests.support.prefect_server import PrefectServer

HASH = hash_password("a long password")
DEARER = "$argon2id$v=19$m=1048576,t=2,p=1$c29tZXNhbHQxMjM$" + HASH.split("$")[-1]


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("RETAIL_API", "RETAIL_API_USERS", "RETAIL_WAREHOUSE", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


async def test_users_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETAIL_API_USERS", f"ann:operator:{HASH} vic\u00e9:viewer:{HASH}")
    monkeypatch.setenv("RETAIL_API_BODY_KB", "8")
    settings = await read_api_settings()
    assert [(user.name, user.role) for user in settings.users] == [
        ("ann", "operator"),
        ("vic\u00e9", "viewer"),
    ]
    assert settings.body_bytes == 8192
    assert HASH not in repr(settings)


async def test_users_of_a_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"RETAIL_API_USERS='ann:operator:{HASH}'\n")
    (user,) = (await read_api_settings()).users
    assert user.password_hash == HASH


@pytest.mark.prefect
async def test_users_of_a_block(prefect_api: PrefectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETAIL_API_USERS", f"ann:operator:{HASH}")
    monkeypatch.setenv("RETAIL_API", "api-users-test")
    with pytest.raises(SettingsError, match="no ApiUsers block 'api-users-test'"):
        await read_api_settings()
    await ApiUsers(users=f"victor:viewer:{HASH}\nann:operator:{HASH}").asave("api-users-test", overwrite=True)
    assert [user.name for user in (await read_api_settings()).users] == ["victor", "ann"]


@pytest.mark.parametrize(
    ("users", "what", "next_step"),
    [
        (None, "nobody may use the API", "retail api-user NAME"),
        (f"ann:admin:{HASH}", "unknown role", "viewer or operator"),
        ("ann:operator", "not of the form NAME:ROLE:HASH", "retail api-user"),
        (f"ann:viewer:{HASH} ann:operator:{HASH}", "ann more than once", "one line"),
        (f"ann:operator:{HASH[:-3]}", "is damaged", "single quotes"),
        (f"ann:operator:{HASH[:-1]}!", "is damaged", "single quotes"),
        ("ann:operator:=19=19456,t=2,p=1", "is no argon2 hash", "single quotes"),
        ("ann:operator:a long password".replace(" ", "-"), "is no argon2 hash", "retail api-user"),
        (f"ann:operator:{DEARER}", "costs more than", "retail api-user"),
    ],
)
async def test_an_invalid_user(
    monkeypatch: pytest.MonkeyPatch, users: str | None, what: str, next_step: str
) -> None:
    if users is not None:
        monkeypatch.setenv("RETAIL_API_USERS", users)
    with pytest.raises(SettingsError) as caught:
        await read_api_settings()
    assert what in caught.value.what
    assert next_step in caught.value.next_step
    assert "argon2id$" not in str(caught.value)
    assert "long-password" not in str(caught.value)


def test_every_cut_of_a_hash_is_found() -> None:
    for end in range(len(HASH) - 7, len(HASH)):
        with pytest.raises(SettingsError, match=r"damaged"):
            ApiSettings((ApiUser("ann", "viewer", HASH[:end]),))


def test_hashes_of_others() -> None:
    for cost in ({}, {"hash_len": 16}, {"type": argon2.Type.I, "parallelism": 2}):
        made = argon2.PasswordHasher(time_cost=1, memory_cost=64, **cost).hash("x")
        ApiSettings((ApiUser("ann", "viewer", made),))


def test_our_hashes_take_one_lane() -> None:
    assert argon2.extract_parameters(HASH).parallelism == 1


def test_an_app_without_users_does_not_start() -> None:
    app = create_app()  # makes nothing, asks nothing

    async def start() -> None:
        async with app.router.lifespan_context(app):
            pass

    with pytest.raises(SettingsError, match="nobody may use the API"):
        asyncio.run(start())
