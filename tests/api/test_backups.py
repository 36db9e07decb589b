"""The backups in the vault, as the API tells them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from tasks.backup.create import BackupRequest, create_backup
from tasks.backup.dump.tools import find_tools
from tasks.backup.vault.local import LocalVault
from tasks.postgres.connect import ConnectionSettings
from tests.api.conftest import environment_of
from tests.support.age import make_key
from tests.support.api_server import ApiServer, serving

KEY = "a manifest key of some length"


@pytest.fixture
def backup_id(api_warehouse: ConnectionSettings, tmp_path: Path) -> str:
    """The id of a backup in a vault, after an earlier one."""

    async def make() -> str:
        made = BackupRequest((make_key(tmp_path / "identity"),), KEY.encode())
        vault, tools = LocalVault(tmp_path / "vault"), await find_tools()
        await create_backup(api_warehouse, vault, tools, made)
        return str((await create_backup(api_warehouse, vault, tools, made)).manifest.id)

    return asyncio.run(make())


def test_backups(api_warehouse: ConnectionSettings, tmp_path: Path, backup_id: str) -> None:
    vault = {"RETAIL_VAULT": str(tmp_path / "vault"), "RETAIL_MANIFEST_KEY": KEY}
    with environment_of(api_warehouse, tmp_path / "data", **vault), serving() as api:
        listed = api.viewer.get("/api/v1/backups").json()
        assert (listed["total"], listed["items"][0]["id"]) == (2, backup_id)
        assert (listed["items"][0]["manifest"], listed["items"][0]["proven"]) == ("authentic", False)
        second = api.viewer.get("/api/v1/backups", params={"page": 2, "page_size": 1}).json()
        assert [backup["id"] for backup in second["items"]] == [listed["items"][1]["id"]]
        details = api.viewer.get(f"/api/v1/backups/{backup_id}").json()
        rows = {table["table"]: table["rows"] for table in details["rows"]}
        assert rows["retail_dwh.fact_sale"] == api.viewer.get("/api/v1/sales").json()["total"]
        assert details["proofs"] == []
        for name in (str(uuid4()), backup_id[:8], "..%2f" + backup_id):
            missing = api.viewer.get(f"/api/v1/backups/{name}")
            assert missing.status_code in {404, 422}, missing.text
        settings = api.viewer.get("/api/v1/supabase/config").text
        assert KEY not in settings


def test_without_a_vault_it_says_what_to_set(api: ApiServer) -> None:
    answer = api.viewer.get("/api/v1/backups")
    assert answer.status_code == 409
    assert "RETAIL_VAULT" in answer.text
