"""The settings of lineage: no secret is quoted or shown, and what is not set is not told."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks import settings_sources
from tasks.errors import SettingsError
from tasks.report.lineage.targets import AtlasTarget, FileTarget, HttpTarget, LineageTargets

SECRET = "marked-4711"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in settings_sources.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_nobody_is_told_by_default() -> None:
    assert settings_sources.resolve().settings.lineage_targets == LineageTargets()


def test_all_targets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {
        "OPENLINEAGE_URL": "https://catalogue.example.com:8585/api",
        "OPENLINEAGE_ENDPOINT": "v1/openlineage/lineage",
        "OPENLINEAGE_API_KEY": SECRET,
        "OPENLINEAGE_NAMESPACE": "shop",
        "RETAIL_LINEAGE_FILE": "lineage.jsonl",
        "RETAIL_ATLAS_URL": "http://[::1]:21000",
        "RETAIL_ATLAS_USER": "admin",
        "RETAIL_ATLAS_PASSWORD": SECRET,
    }.items():
        monkeypatch.setenv(name, value)
    resolved = settings_sources.resolve()
    targets = resolved.settings.lineage_targets
    http, file, atlas = targets.places
    assert isinstance(http, HttpTarget)
    assert (http.url, http.endpoint) == ("https://catalogue.example.com:8585/api", "v1/openlineage/lineage")
    assert file == FileTarget(tmp_path / "lineage.jsonl")
    assert isinstance(atlas, AtlasTarget)
    assert (atlas.url, atlas.user, atlas.cluster) == ("http://[::1]:21000", "admin", "primary")
    assert targets.namespace == "shop"
    assert SECRET not in repr(targets)
    assert SECRET not in str(resolved.rows)
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    assert settings_sources.resolve().settings.lineage_targets.places == ()


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("OPENLINEAGE_URL", f"http://ann:{SECRET}@marquez:5000", "holds credentials"),
        ("OPENLINEAGE_URL", f"https://marquez/?key={SECRET}", "holds credentials"),
        ("OPENLINEAGE_URL", f"{SECRET}:5000", "not the address of a server"),
        ("OPENLINEAGE_URL", f"ftp://{SECRET}", "not the address of a server"),
        ("OPENLINEAGE_URL", "http://", "not the address of a server"),
        ("OPENLINEAGE_URL", "http://host:99999999", "not the address of a server"),
        ("OPENLINEAGE_ENDPOINT", f"https://other/{SECRET}", "not a path"),
        ("OPENLINEAGE_ENDPOINT", f"lineage?key={SECRET}", "not a path"),
        ("RETAIL_ATLAS_URL", f"https://admin:{SECRET}@atlas", "holds credentials"),
        ("RETAIL_LINEAGE_FILE", f"s3://{SECRET}/lineage", "is an address"),
    ],
)
def test_an_invalid_setting_is_not_quoted(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, what: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=what) as refused:
        settings_sources.resolve()
    assert name in refused.value.message
    assert SECRET not in refused.value.message
