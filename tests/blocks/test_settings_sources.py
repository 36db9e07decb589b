"""Settings come from parameters, blocks, environment and .env; invalid ones are rejected by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks import lookup, settings_sources
from tasks.errors import SettingsError
from tasks.postgres.embedded.server import EmbeddedServer


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings in the environment, no .env in the working directory."""
    for name in settings_sources.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


async def test_warehouse_from_database_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:word@db.example.com:5433/sales")
    settings = await lookup.warehouse_settings()
    assert settings.display == "postgresql://ann@db.example.com:5433/sales"
    assert settings.sslmode == "require"


@pytest.mark.parametrize("url", [None, ""])
async def test_embedded_warehouse_without_database_url(
    monkeypatch: pytest.MonkeyPatch, server: EmbeddedServer, url: str | None
) -> None:
    monkeypatch.setenv("RETAIL_DATA_DIR", str(server.folder.parent))
    if url is not None:
        monkeypatch.setenv("DATABASE_URL", url)
    assert await lookup.warehouse_settings() == server.settings()


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("postgresql://ann:word@aws.pooler.supabase.com:6543/postgres", "transaction-mode pooler"),
        ("postgresql://ann:word@db.example.com/sales?sslmode=disable", "TLS"),
        ("db.example.com", "Begin it with postgresql://"),
    ],
)
async def test_unusable_addresses(monkeypatch: pytest.MonkeyPatch, url: str, what: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(SettingsError, match=what) as caught:
        await lookup.warehouse_settings()
    assert "word" not in caught.value.message.replace("password", "")


async def test_embedded_overrides_database_url(
    monkeypatch: pytest.MonkeyPatch, server: EmbeddedServer
) -> None:
    monkeypatch.setenv("RETAIL_DATA_DIR", str(server.folder.parent))
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:word@db.example.com/sales")
    assert await lookup.warehouse_settings(lookup.EMBEDDED) == server.settings()


async def test_address_in_environment_overrides_block_in_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("RETAIL_WAREHOUSE=production\n")
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:word@db.example.com/sales")
    assert (await lookup.warehouse_settings()).host == "db.example.com"


async def test_connection_limits_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:word@db.example.com/sales")
    monkeypatch.setenv("RETAIL_STATEMENT_TIMEOUT_MINUTES", "90")
    monkeypatch.setenv("RETAIL_CONNECT_SECONDS", "120")
    monkeypatch.setenv("RETAIL_POOL_SIZE", "3")
    monkeypatch.setenv("RETAIL_POOL_OVERFLOW", "0")
    settings = await lookup.warehouse_settings()
    assert (settings.statement_timeout, settings.connect_seconds) == (5400, 120)
    assert (settings.pool_size, settings.max_overflow) == (3, 0)
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:word@db.example.com/sales?connect_timeout=5")
    assert (await lookup.warehouse_settings()).connect_seconds == 5


def test_workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path))
    assert settings_sources.read_settings().workspace == tmp_path / "workspace"
    monkeypatch.setenv("RETAIL_WORKSPACE", str(tmp_path / "elsewhere"))
    assert settings_sources.read_settings().workspace == tmp_path / "elsewhere"
    monkeypatch.setenv("RETAIL_WORKSPACE", "~/elsewhere")
    assert settings_sources.read_settings().workspace == Path.home() / "elsewhere"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RETAIL_WORKSPACE", "near")
    assert settings_sources.read_settings().workspace == tmp_path / "near"


def test_retention(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings_sources.read_settings().retail_retention_days == 7
    monkeypatch.setenv("RETAIL_RETENTION_DAYS", "0.5")
    assert settings_sources.read_settings().retail_retention_days == 0.5


@pytest.mark.parametrize("text", ["0", "-1", "a week"])
def test_invalid_retention(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("RETAIL_RETENTION_DAYS", text)
    with pytest.raises(SettingsError, match=f"RETAIL_RETENTION_DAYS '{text}'") as caught:
        settings_sources.read_settings()
    assert caught.value.setting == "RETAIL_RETENTION_DAYS"  # type: ignore[attr-defined]


def test_quality_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings_sources.read_settings().retail_quality_weights == {}
    monkeypatch.setenv("RETAIL_QUALITY_WEIGHTS", "completeness=2, uniqueness = 0.5,validity=0,")
    assert settings_sources.read_settings().retail_quality_weights == {
        "completeness": 2,
        "uniqueness": 0.5,
        "validity": 0,
    }


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
def test_invalid_quality_weights(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("RETAIL_QUALITY_WEIGHTS", text)
    with pytest.raises(SettingsError):
        settings_sources.read_settings()


def origins(resolved: settings_sources.Resolved) -> dict[str, tuple[str, str]]:
    """Value and origin of each setting that is not a default."""
    return {name: (value, origin) for name, value, origin in resolved.rows if origin != "default"}


def test_origin_of_each_value(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "PIPELINE_DEFAULT_RETRIES=9\nPIPELINE_SMTP_PORT=26\nRETAIL_POOL_SIZE=\nSOMETHING_ELSE=1\n"
    )
    monkeypatch.setenv("PIPELINE_DEFAULT_RETRIES", "4")
    monkeypatch.setenv("PIPELINE_QUALITY_THRESHOLD", "70")
    monkeypatch.setenv("RETAIL_CONNECT_SECONDS", "30")
    resolved = settings_sources.resolve(
        {"pipeline_quality_threshold": 90.0, "pipeline_quarantine_share": None},
        {
            "supabase-warehouse/production": {
                "retail_connect_seconds": 20,
                "retail_pool_size": None,
                "pipeline_quality_threshold": 80.0,
            }
        },
    )
    assert origins(resolved) == {
        "PIPELINE_DEFAULT_RETRIES": ("4", "environment"),
        "PIPELINE_SMTP_PORT": ("26", ".env"),
        "RETAIL_CONNECT_SECONDS": ("20", "block supabase-warehouse/production"),
        "PIPELINE_QUALITY_THRESHOLD": ("90", "parameter"),
    }


def test_defaults() -> None:
    settings = settings_sources.read_settings()
    assert settings.pipeline_default_retries == 3
    assert settings.pipeline_retry_delay_minutes == 5
    assert settings.pipeline_execution_timeout_hours == 2
    assert settings.pipeline_quality_threshold == 85
    assert not settings.supabase_backup_enabled
    assert not settings.pipeline_slack_notifications


def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:marked-secret@db.example.com/sales")
    for name in ("PIPELINE_SLACK_WEBHOOK_URL", "PIPELINE_SMTP_PASSWORD", "PIPELINE_PAGER_URLS"):
        monkeypatch.setenv(name, "marked-secret")
    resolved = settings_sources.resolve()
    shown = {name: value for name, (value, _) in origins(resolved).items()}
    assert shown.pop("DATABASE_URL") == "postgresql://ann@db.example.com:5432/sales"
    assert set(shown.values()) == {"********"}
    assert "marked-secret" not in repr(resolved) + str(resolved.settings)


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("PIPELINE_DEFAULT_RETRIES", "many", "PIPELINE_DEFAULT_RETRIES 'many'"),
        ("PIPELINE_DEFAULT_RETRIES", "-1", "PIPELINE_DEFAULT_RETRIES '-1'"),
        ("PIPELINE_EMAIL_ALERTS", "perhaps", "PIPELINE_EMAIL_ALERTS 'perhaps'"),
        ("PIPELINE_SLACK_MINIMUM", "loud", "PIPELINE_SLACK_MINIMUM 'loud'"),
        ("SUPABASE_BACKUP_SCHEDULE", "now and then", "SUPABASE_BACKUP_SCHEDULE 'now and then'.*cron"),
    ],
)
@pytest.mark.parametrize("source", ["environment", "file"])
def test_invalid_settings_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str, what: str, source: str
) -> None:
    if source == "file":
        (tmp_path / ".env").write_text(f"{name}='{value}'\n")
    else:
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=what) as caught:
        settings_sources.read_settings()
    assert caught.value.setting == name  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("switch", "needed"),
    [
        ({"PIPELINE_SLACK_NOTIFICATIONS": "true"}, "PIPELINE_SLACK_WEBHOOK_URL"),
        ({"PIPELINE_EMAIL_ALERTS": "true"}, "PIPELINE_EMAIL_RECIPIENTS"),
        (
            {"PIPELINE_EMAIL_ALERTS": "true", "PIPELINE_EMAIL_RECIPIENTS": "a@example.com"},
            "PIPELINE_SMTP_HOST",
        ),
    ],
)
def test_incomplete_channels(monkeypatch: pytest.MonkeyPatch, switch: dict[str, str], needed: str) -> None:
    for name, value in switch.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=needed):
        settings_sources.read_settings()


@pytest.mark.parametrize(
    ("text", "cron"),
    [
        ("daily", "30 2 * * *"),
        ("Weekly", "30 2 * * 0"),
        ("0 4 * * 1-5", "0 4 * * 1-5"),
        ("*/15 2-4,6 1 jan-MAR sun", "*/15 2-4,6 1 jan-MAR sun"),
    ],
)
def test_backup_schedules(monkeypatch: pytest.MonkeyPatch, text: str, cron: str) -> None:
    monkeypatch.setenv("SUPABASE_BACKUP_SCHEDULE", text)
    assert settings_sources.read_settings().supabase_backup_schedule == cron


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (
            b'PIPELINE_SMTP_PORT=26\nDATABASE_URL="postgresql://ann:marked-secret@db.example.com/sales\n',
            "line 2",
        ),
        (b"this is marked-secret\n", "line 1"),
        (b"RETAIL POOL=marked-secret\n", "line 1"),
        (b"RETAIL_WORKSPACE=/tmp/\xe9\n", "is not UTF-8"),
        ("DATABASE_URL=x".encode("utf-16"), "is not UTF-8"),
        (b"DATABASE_URI=marked-secret\n", "Did you mean DATABASE_URL"),
    ],
)
def test_invalid_file_is_rejected(tmp_path: Path, content: bytes, what: str) -> None:
    """A skipped line could be the one that names the warehouse."""
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(SettingsError, match=what) as caught:
        settings_sources.read_settings()
    assert "marked-secret" not in caught.value.message
    assert settings_sources.resolve_leniently().settings.pipeline_default_retries == 3


def test_values_in_the_file_are_not_expanded(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# a comment\nexport PIPELINE_SMTP_USER='a b' # why\nPIPELINE_SMTP_PASSWORD=x${HOME}$y\r\n\npipeline_smtp_host=mail\n"
    )
    settings = settings_sources.read_settings()
    assert settings.pipeline_smtp_user == "a b"
    assert settings.pipeline_smtp_host == "mail"
    assert settings.pipeline_smtp_password is not None
    assert settings.pipeline_smtp_password.get_secret_value() == "x${HOME}$y"


@pytest.mark.parametrize(
    "cron", ["99 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "*/0 * * * *", "a b c d e"]
)
def test_impossible_schedules(monkeypatch: pytest.MonkeyPatch, cron: str) -> None:
    monkeypatch.setenv("SUPABASE_BACKUP_SCHEDULE", cron)
    with pytest.raises(SettingsError, match="SUPABASE_BACKUP_SCHEDULE"):
        settings_sources.read_settings()


def test_an_invalid_parameter_has_its_own_name() -> None:
    with pytest.raises(SettingsError, match=r"^retries 99 \(from parameter\)") as raised:
        settings_sources.resolve({"pipeline_default_retries": 99})
    assert raised.value.attributes["setting"] == "retries"


@pytest.mark.parametrize("limits", ["80", "80,95,99", "nan,nan", "1e400,2", "-1,5", "high,higher", ""])
def test_limits_of_health_that_are_none(limits: str) -> None:
    with pytest.raises(SettingsError, match=r"is not WARNING,CRITICAL: two numbers from 0"):
        settings_sources.resolve({"retail_health_use_percent": limits})
