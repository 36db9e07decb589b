"""docs/settings.md and .env.example match the settings."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from dotenv import dotenv_values

from blocks import settings_sources

ROOT = Path(__file__).parents[2]


def test_document_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("make_settings", ROOT / "docs/make_settings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs/settings.md").read_text() == module.text(), "run python docs/make_settings.py"


def test_example_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line of .env.example is a valid setting when uncommented."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    uncommented = [re.sub(r"^#(?=[A-Z])", "", line) for line in lines]
    (tmp_path / ".env").write_text("\n".join(uncommented) + "\n")
    for name in settings_sources.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    names = {name for name, _, origin in settings_sources.resolve().rows if origin == ".env"}
    assert names == set(dotenv_values(tmp_path / ".env"))
