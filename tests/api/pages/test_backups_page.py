"""Backups and their proofs, on their page and on the overview."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe

from tasks.backup.create import BackupRequest, create_backup
from tasks.backup.dump.tools import find_tools
from tasks.backup.listing import new_proof, save_proof
from tasks.backup.vault.local import LocalVault
from tasks.postgres.connect import ConnectionSettings
from tests.api.conftest import environment_of
from tests.api.pages.test_pages import Elements
from tests.support.age import make_key
from tests.support.api_server import ApiServer, serving
from tests.support.browser import chromium, visit

KEY = "a manifest key of some length"


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> LocalVault:
    return LocalVault(tmp_path_factory.mktemp("vault") / "backups")


@pytest.fixture(scope="module")
def backups(
    api_warehouse: ConnectionSettings, vault: LocalVault, tmp_path_factory: pytest.TempPathFactory
) -> tuple[UUID, UUID]:
    """The ids of an older and a newer backup."""
    request = BackupRequest((make_key(tmp_path_factory.mktemp("key") / "identity"),), KEY.encode())

    async def make() -> UUID:
        return (await create_backup(api_warehouse, vault, await find_tools(), request)).manifest.id

    return asyncio.run(make()), asyncio.run(make())


@pytest.fixture(scope="module")
def api(
    api_warehouse: ConnectionSettings,
    vault: LocalVault,
    backups: tuple[UUID, UUID],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ApiServer]:
    settings = {"RETAIL_VAULT": vault.display, "RETAIL_MANIFEST_KEY": KEY}
    with environment_of(api_warehouse, tmp_path_factory.mktemp("data"), **settings), serving() as running:
        yield running


def text_of(api: ApiServer, path: str) -> str:
    answer = api.viewer.get(path)
    assert answer.status_code == 200, answer.text
    assert "<b>" not in answer.text
    return Elements(answer.text).text


def test_proofs_are_told(api: ApiServer, vault: LocalVault, backups: tuple[UUID, UUID]) -> None:
    older, newer = backups
    assert "2 backups in" in text_of(api, "/backups")
    assert "0 proven" in text_of(api, "/backups")
    for path in ("/", "/backups"):
        assert f"retail prove {str(newer)[:8]}" in text_of(api, path)
    save_proof(vault, KEY.encode(), new_proof(older, "failed", ["<b>fact_sale</b> lacks 3 rows"], 170006))
    assert "<b>fact_sale</b> lacks 3 rows" in text_of(api, "/backups")
    assert "failed" in text_of(api, "/")
    save_proof(vault, KEY.encode(), new_proof(newer, "passed", [], 170006))
    assert "1 proven" in text_of(api, "/backups")
    overview = text_of(api, "/")
    assert "passed" in overview
    assert str(newer)[:8] in overview


@pytest.mark.slow
def test_in_a_browser(api: ApiServer, vault: LocalVault, backups: tuple[UUID, UUID]) -> None:
    save_proof(vault, KEY.encode(), new_proof(backups[1], "incomplete", ["a role is missing"], 170006))
    with chromium() as browser:
        for path in ("/", "/backups"):
            for scheme in ("light", "dark"):
                with visit(browser, api.url + path, 390, color_scheme=scheme) as seen:
                    assert Axe().run(seen.page).response["violations"] == []
                    assert [
                        text for text in seen.contrasts("p, td, th, dd, span") if text["contrast"] < 4.5
                    ] == []
                    assert seen.page.evaluate("document.documentElement.scrollWidth") == 390
                    assert seen.messages == []
