"""Reading the settings: fast, and from no file that others can change."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from blocks import settings_sources
from tasks.errors import UntrustedPath


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings in the environment, no .env in the working directory."""
    for name in settings_sources.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_reading_settings_imports_no_heavy_library() -> None:
    """So that a command which only queries the warehouse starts twice as fast."""
    script = (
        "import sys\nfrom blocks import lookup, settings_sources\nsettings_sources.read_settings()\n"
        "print(sorted({'prefect', 'polars', 'pandera'} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stdout.strip() == "[]"


def test_a_file_that_others_can_change_sets_nothing(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "PIPELINE_QUALITY_THRESHOLD=0\nDATABASE_URL=postgresql://ann:marked@db.example.com/sales\n"
    )
    file.chmod(0o666)
    with pytest.raises(
        UntrustedPath, match=f"{file} can be written by every user.*chmod go-w {file}"
    ) as caught:
        settings_sources.resolve()
    assert caught.value.attributes["setting"] == ".env"
    left = settings_sources.resolve_leniently()
    assert left.origins == {}
    assert left.settings.pipeline_quality_threshold == 85
    file.chmod(0o600)
    assert settings_sources.resolve().sources == {
        "PIPELINE_QUALITY_THRESHOLD": str(file),
        "DATABASE_URL": str(file),
    }
