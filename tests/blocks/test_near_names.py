"""A misspelled setting is a warning that names ours; other software's names are none of our business."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.near_names import OLD_NAMES, meant_name
from blocks.settings_sources import Settings, resolve

KNOWN = {name.upper() for name in Settings.model_fields}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in KNOWN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PIPELINE_QUALITY_TRESHOLD", "PIPELINE_QUALITY_THRESHOLD"),
        ("pipeline_quality_treshold", "PIPELINE_QUALITY_THRESHOLD"),
        ("SUPABASE_BACKUP_ENABLE", "SUPABASE_BACKUP_ENABLED"),
        ("RETAIL_WAREHOSE", "RETAIL_WAREHOUSE"),
        ("PIPLINE_DEFAULT_RETRIES", "PIPELINE_DEFAULT_RETRIES"),
        ("PIPELINE_SLACK_WEBHOOK", "PIPELINE_SLACK_WEBHOOK_URL"),
    ],
)
@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_near_miss_is_named_and_the_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, meant: str, place: str
) -> None:
    if place == "file":
        (tmp_path / ".env").write_text(f"{name}=marked-value\n")
    else:
        monkeypatch.setenv(name, "marked-value")
    (slip,) = resolve().misspelled
    assert str(slip).startswith(f"{name}: ")
    assert slip.next_step == f"Did you mean {meant}?"
    assert "marked-value" not in str(slip)


@pytest.mark.parametrize(
    "name",
    [
        "SUPABASE_ACCESS_TOKEN",
        "SUPABASE_DB_PASSWORD",
        "SUPABASE_SERVICE_ROLE_KEY",
        "SUPABASE_ANON_KEY",
        "PIPELINE_ID",
        "PIPELINE_NAME",
        "CI_PIPELINE_URL",
        "RETAIL_STORE_API_KEY",
        "DATABASE_URL_TEST",
        "TEST_DATABASE_URL",
        "DATABASE_URI",
        "AIRFLOW_HOME",
        *sorted(KNOWN),
    ],
)
def test_names_of_other_software_and_our_own_are_none(name: str) -> None:
    # In the environment; in our own .env a name like DATABASE_URL is a slip.
    for spelled in (name, name.lower()):
        assert meant_name(spelled, KNOWN - {"DATABASE_URL"}) is None


def test_the_airflow_projects_names_lead_to_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(OLD_NAMES.values()) <= KNOWN
    monkeypatch.setenv("AIRFLOW_SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/marked")
    monkeypatch.setenv("AIRFLOW_DEFAULT_RETRIES", "4")
    monkeypatch.setenv("SUPABASE_URL", "https://abc.supabase.co")
    monkeypatch.setenv("PIPELINE_DEFAULT_RETRIES", "4")
    found = resolve()
    assert found.misspelled == ()
    assert dict(found.replaced) == {
        "AIRFLOW_SLACK_WEBHOOK_URL": "PIPELINE_SLACK_WEBHOOK_URL",
        "SUPABASE_URL": "DATABASE_URL",
    }
