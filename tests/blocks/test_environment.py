"""What the environment says is what a run uses, and what it cannot mean is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks import environment
from tasks.errors import SettingsError
from tasks.warehouse.embedded import EmbeddedServer


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that says nothing."""
    for name in (
        "DATABASE_URL",
        "RETAIL_DATA_DIR",
        "RETAIL_WORKSPACE",
        "RETAIL_RETENTION_DAYS",
        "RETAIL_QUALITY_WEIGHTS",
    ):
        monkeypatch.delenv(name, raising=False)


async def test_the_warehouse_is_that_of_database_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:word@db.example.com:5433/sales")
    found = await environment.warehouse()
    assert found.display == "postgresql://ann@db.example.com:5433/sales"
    assert found.sslmode == "require"


@pytest.mark.parametrize("url", [None, ""])
async def test_else_it_is_the_embedded_one(
    monkeypatch: pytest.MonkeyPatch, server: EmbeddedServer, url: str | None
) -> None:
    monkeypatch.setenv("RETAIL_DATA_DIR", str(server.folder.parent))
    if url is not None:
        monkeypatch.setenv("DATABASE_URL", url)
    assert await environment.warehouse() == server.settings()


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("postgresql://ann:word@aws.pooler.supabase.com:6543/postgres", "transaction-mode pooler"),
        ("postgresql://ann:word@db.example.com/sales?sslmode=disable", "TLS"),
        ("db.example.com", "begin with postgresql://"),
    ],
)
async def test_addresses_that_loads_cannot_use(monkeypatch: pytest.MonkeyPatch, url: str, what: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(SettingsError, match=what) as caught:
        await environment.warehouse()
    assert "word" not in caught.value.message.replace("password", "")


async def test_a_block_is_refused_until_there_are_any() -> None:
    with pytest.raises(SettingsError, match="no block 'production' yet"):
        await environment.warehouse("production")


def test_the_workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path))
    assert environment.workspace() == tmp_path / "workspace"
    monkeypatch.setenv("RETAIL_WORKSPACE", str(tmp_path / "elsewhere"))
    assert environment.workspace() == tmp_path / "elsewhere"
    monkeypatch.setenv("RETAIL_WORKSPACE", "~/elsewhere")
    assert environment.workspace() == Path.home() / "elsewhere"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RETAIL_WORKSPACE", "near")
    assert environment.workspace() == tmp_path / "near"


def test_retention(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.retention_days() == 7
    monkeypatch.setenv("RETAIL_RETENTION_DAYS", "0.5")
    assert environment.retention_days() == 0.5


@pytest.mark.parametrize("text", ["0", "-1", "a week"])
def test_a_retention_that_is_no_number_of_days(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("RETAIL_RETENTION_DAYS", text)
    with pytest.raises(SettingsError, match=f"RETAIL_RETENTION_DAYS: '{text}'") as caught:
        environment.retention_days()
    assert caught.value.setting == "RETAIL_RETENTION_DAYS"  # type: ignore[attr-defined]


def test_quality_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.quality_weights() == {}
    monkeypatch.setenv("RETAIL_QUALITY_WEIGHTS", "completeness=2, uniqueness = 0.5,validity=0,")
    assert environment.quality_weights() == {"completeness": 2, "uniqueness": 0.5, "validity": 0}


@pytest.mark.parametrize(
    "text",
    [
        "completeness",
        "completeness=much",
        "completeness=1=2",
        "beauty=1",
        "validity=-1",
        "validity=nan",
        "validity=inf",
        "completeness=0,uniqueness=0,validity=0,consistency=0,timeliness=0",
    ],
)
def test_what_is_no_weight(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("RETAIL_QUALITY_WEIGHTS", text)
    with pytest.raises(SettingsError):
        environment.quality_weights()
