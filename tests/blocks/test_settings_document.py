"""docs/settings.md and .env.example name the settings there are."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from dotenv import dotenv_values

from blocks import settings_sources

ROOT = Path(__file__).parents[2]


def test_the_document_is_that_of_the_code() -> None:
    spec = importlib.util.spec_from_file_location("make_settings", ROOT / "docs/make_settings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs/settings.md").read_text() == module.text(), "run python docs/make_settings.py"


def test_the_example_can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every line of it switched on, it is read without an error."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    switched_on = [re.sub(r"^#(?=[A-Z])", "", line) for line in lines]
    (tmp_path / ".env").write_text("\n".join(switched_on) + "\n")
    for name in settings_sources.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    found = {name for name, _, origin in settings_sources.resolve().rows if origin == ".env"}
    assert found == set(dotenv_values(tmp_path / ".env"))
