"""``python -m deployments.blocks`` saves blocks and schedules from the environment; it is idempotent."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import Ended, Retail, base_environment
from tests.support.certificates import Authority
from tests.support.prefect_form import read_document
from tests.support.prefect_server import PrefectServer

pytestmark = pytest.mark.prefect
MARK = "marked-secret-word"
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
LINE = "900001,22423,REGENCY CAKESTAND 3 TIER,1,2011-05-01 10:00:00,12.75,17850.0,United Kingdom\n"


def save_blocks(retail: Retail, name: str, **more: str) -> Ended:
    return retail.run([sys.executable, "-m", "deployments.blocks", "--name", name], **more)


def documents(server: PrefectServer, name: str) -> list[str]:
    blocks = server.get("/block_documents/filter", {"block_documents": {"name": {"any_": [name]}}})
    return sorted(block["block_type"]["slug"] for block in blocks)


@pytest.mark.slow
def test_saving_twice_creates_no_duplicate_and_a_run_uses_the_block(
    retail: Retail, prefect_server: PrefectServer, tmp_path: Path
) -> None:
    channels = {
        "PIPELINE_SLACK_NOTIFICATIONS": "true",
        "PIPELINE_SLACK_WEBHOOK_URL": f"https://hooks.slack.com/services/{MARK}",
        "PIPELINE_PAGER_URLS": f"json://127.0.0.1:9/{MARK}",
    }
    for _ in range(2):
        ended = save_blocks(retail, "from-environment", **channels)
        assert ended.code == 0, ended.err
        assert "supabase-warehouse/from-environment: postgresql://retail@/test_" in ended.out
        assert "retail-alerts/from-environment: slack, pager" in ended.out
        assert "retail-backup-vault: not saved: RETAIL_VAULT is not set" in ended.out
        assert MARK not in ended.out + ended.err
    saved = prefect_server.get(
        "/block_documents/filter", {"block_documents": {"name": {"any_": ["from-environment"]}}}
    )
    assert MARK not in str(saved)
    assert documents(prefect_server, "from-environment") == ["retail-alerts", "supabase-warehouse"]

    day = tmp_path / "day.csv"
    day.write_text(HEADER + LINE)
    # As on a worker: only the block has the address.
    worker = Retail({**base_environment(tmp_path / "worker"), **prefect_server.environment()})
    run = worker("etl", str(day), "--warehouse", "from-environment", "--json")
    assert run.code == 0, run.err
    assert run.report["warehouse"] == retail.environment["DATABASE_URL"]
    assert retail("sql", "select count(*) as lines from retail_dwh.fact_sale").out.split() == ["lines", "1"]
    settings = worker("settings", "--warehouse", "from-environment", "--alerts", "from-environment", "--json")
    assert settings.report["DATABASE_URL"]["origin"] == "block supabase-warehouse/from-environment"
    assert settings.report["PIPELINE_SLACK_WEBHOOK_URL"] == {
        "value": "********",
        "origin": "block retail-alerts/from-environment",
    }


def test_vault_from_the_environment(retail: Retail, prefect_server: PrefectServer, tmp_path: Path) -> None:
    public = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    vault = {
        "RETAIL_VAULT": "s3://backups//retail/",
        "RETAIL_VAULT_ENDPOINT": "https://store.example.com",
        "RETAIL_VAULT_ACCESS_KEY_ID": "TESTKEYID0001",
        "RETAIL_VAULT_SECRET_ACCESS_KEY": MARK,
        "RETAIL_VAULT_RECIPIENTS": public,
        "RETAIL_MANIFEST_KEY": f"{MARK}-of-manifests",
    }
    for _ in range(2):
        ended = save_blocks(retail, "with-vault", **vault)
        assert ended.code == 0, ended.err
        assert "retail-backup-vault/with-vault: s3://backups/retail (1 public key)\n" in ended.out
        assert MARK not in ended.out + ended.err
    assert "retail-backup-vault" in documents(prefect_server, "with-vault")
    saved = read_document(prefect_server, "retail-backup-vault", "with-vault")
    assert saved["data"]["recipients"] == [public]
    assert MARK not in str(saved)

    # As on a worker: only the block has the vault.
    worker = Retail({**base_environment(tmp_path / "worker"), **prefect_server.environment()})
    settings = worker("settings", "--json", RETAIL_VAULT="with-vault")
    origin = "block retail-backup-vault/with-vault"
    assert settings.report["RETAIL_VAULT"] == {"value": "s3://backups//retail/", "origin": origin}
    assert settings.report["RETAIL_VAULT_SECRET_ACCESS_KEY"] == {"value": "********", "origin": origin}
    assert settings.report["RETAIL_MANIFEST_KEY"] == {"value": "********", "origin": origin}
    assert MARK not in settings.out + settings.err

    ended = save_blocks(retail, "again", RETAIL_VAULT="with-vault")
    assert "retail-backup-vault: not saved: RETAIL_VAULT names the block with-vault\n" in ended.out
    ended = save_blocks(retail, "again", **{**vault, "RETAIL_VAULT_ACCESS_KEY_ID": ""})
    assert (ended.code, MARK in ended.out + ended.err) == (2, False)
    assert "retail-backup-vault" not in documents(prefect_server, "again")


def test_vault_in_a_folder_is_saved_with_its_whole_path(
    retail: Retail, prefect_server: PrefectServer
) -> None:
    ended = save_blocks(retail, "folder", RETAIL_VAULT="./backups")
    assert ended.code == 0, ended.err
    saved = read_document(prefect_server, "retail-backup-vault", "folder")
    assert Path(saved["data"]["address"]).is_absolute()
    assert (
        f"retail-backup-vault/folder: {saved['data']['address']} (no public key, so no backup yet)"
        in ended.out
    )


def test_registered_with_prefect(retail: Retail, prefect_server: PrefectServer) -> None:
    ended = retail.run([sys.executable, "-m", "prefect", "block", "register", "-m", "blocks"])
    assert ended.code == 0, ended.err
    types = {block_type["slug"] for block_type in prefect_server.get("/block_types/filter", {})}
    assert {"supabase-warehouse", "retail-alerts", "retail-backup-vault"} <= types
    # Prefect also discovers them through the package's entry points.
    discovered = {entry.load().__name__ for entry in entry_points(group="prefect.collections")}
    assert {"blocks.warehouse", "blocks.alerts", "blocks.vault"} <= discovered


def test_users_of_the_api(retail: Retail, prefect_server: PrefectServer) -> None:
    user_hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21l$" + "A" * 43
    ended = save_blocks(
        retail, "with-users", RETAIL_API_USERS=f"ann:operator:{user_hash} bob:viewer:{user_hash}"
    )
    assert "retail-api-users/with-users: ann (operator), bob (viewer)\n" in ended.out
    assert user_hash not in ended.out
    saved = read_document(prefect_server, "retail-api-users", "with-users")
    assert user_hash not in str(saved)  # the server shows no secret
    assert "retail-api-users: not saved: RETAIL_API_USERS is not set" in save_blocks(retail, "no-users").out


def test_invalid_settings_save_nothing(retail: Retail, prefect_server: PrefectServer) -> None:
    ended = save_blocks(retail, "wrong", DATABASE_URL=f"postgresql://ann:{MARK}@db.example.com:6543/postgres")
    assert ended.code == 2
    assert "transaction-mode pooler" in ended.err
    assert MARK not in ended.err
    assert documents(prefect_server, "wrong") == []


@pytest.mark.slow
def test_settings_switch_schedules_on_and_off(retail: Retail, prefect_server: PrefectServer) -> None:
    deployed = retail.run(
        [sys.executable, "-m", "prefect", "work-pool", "create", "retail", "--type", "process", "--overwrite"]
    )
    assert deployed.code == 0, deployed.err
    deployed = retail.run([sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"])
    assert deployed.code == 0, deployed.err + deployed.out
    for _ in range(2):
        ended = save_blocks(
            retail,
            "schedules",
            SUPABASE_MONITORING_ENABLED="true",
            SUPABASE_BACKUP_ENABLED="true",
            RETAIL_BACKUP_PRUNE="true",
        )
        assert "retail-prune/weekly: scheduled, 30 8 * * 0 UTC" in ended.out
        assert "retail-doctor/hourly: scheduled, 7 * * * * UTC" in ended.out
        assert "retail-watch/hourly: scheduled, 37 * * * * UTC" in ended.out
        assert "retail-backup/full: scheduled, 30 2 * * * UTC" in ended.out
        assert "retail-restore/drill: scheduled, 30 5 * * 0 UTC" in ended.out
        (schedule,) = schedules(prefect_server, "retail-doctor", "hourly")
        assert schedule["active"]
        assert schedule["schedule"]["cron"] == "7 * * * *"
    ended = save_blocks(retail, "schedules", RETAIL_BACKUP_PRUNE="true")
    for deployment in (
        "retail-doctor/hourly",
        "retail-prune/weekly",
        "retail-watch/hourly",
        "retail-backup/full",
        "retail-restore/drill",
    ):
        assert f"{deployment}: not scheduled" in ended.out
    assert schedules(prefect_server, "retail-doctor", "hourly") == []


def test_a_schedule_without_its_deployment(retail: Retail, prefect_server: PrefectServer) -> None:
    of_restores = {"flows": {"name": {"any_": ["retail-restore"]}}}
    for found in prefect_server.get("/deployments/filter", of_restores):
        prefect_server.request("DELETE", f"/deployments/{found['id']}")
    ended = save_blocks(retail, "schedules", SUPABASE_BACKUP_ENABLED="true")
    assert (
        "retail-restore/drill: SUPABASE_BACKUP_ENABLED is on, but the deployment does not exist yet"
        in ended.out
    )
    save_blocks(retail, "schedules")


def schedules(server: PrefectServer, flow: str, deployment: str) -> list[dict[str, Any]]:
    query = {"flows": {"name": {"any_": [flow]}}, "deployments": {"name": {"any_": [deployment]}}}
    (matching,) = server.get("/deployments/filter", query)
    schedules_: list[dict[str, Any]] = matching["schedules"]
    return schedules_


@pytest.mark.parametrize("module", ["deployments.blocks", "deployments.automations"])
def test_unreachable_prefect_server(retail: Retail, module: str) -> None:
    ended = retail.run([sys.executable, "-m", module], PREFECT_API_URL="http://127.0.0.1:9/api")
    assert ended.code == 1
    assert "does not respond" in ended.err
    assert "Traceback" not in ended.err


def test_the_ca_certificate_is_stored_as_text(
    retail: Retail, prefect_server: PrefectServer, tmp_path: Path
) -> None:
    file = Authority("Project CA").write(tmp_path / "ca.crt")
    url = f"postgresql://ann:{MARK}@db.example.com/postgres?sslmode=verify-full&sslrootcert={file}"
    ended = save_blocks(retail, "with-ca", DATABASE_URL=url)
    assert ended.code == 0, ended.err
    saved = read_document(prefect_server, "supabase-warehouse", "with-ca")
    assert saved["data"]["ca_certificate"] == file.read_text()
    file.write_text("no certificate")
    ended = save_blocks(retail, "with-ca", DATABASE_URL=url)
    assert (ended.code, MARK in ended.err) == (2, False)
    assert f"The CA certificate file {file} cannot be read: it holds no certificate" in ended.err
