"""Outputs unused for some days are deleted; the others are kept."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tasks.workspace.outputs import make_output, prune


def _aged(root: Path, kind: str, name: str, days: float) -> Path:
    folder, _ = make_output(root, kind, name, lambda partial: {"a": (partial / "part").write_text("x")})
    used_at = time.time() - days * 86400
    os.utime(folder, (used_at, used_at))
    return folder


def test_stale_outputs_are_deleted(tmp_path: Path) -> None:
    old = [_aged(tmp_path, kind, "old", 8) for kind in ("bronze", "silver")]
    fresh = [_aged(tmp_path, kind, "fresh", 6) for kind in ("bronze", "silver")]
    report = tmp_path / "reports" / "run.json"
    report.parent.mkdir()
    report.write_text("{}")
    os.utime(report.parent, (0, 0))
    assert prune(tmp_path, 7) == 2
    assert not any(folder.exists() for folder in old)
    assert all(folder.exists() for folder in [*fresh, report])
    assert prune(tmp_path, 7) == 0


def test_leftovers_of_a_killed_run_are_deleted(tmp_path: Path) -> None:
    left = tmp_path / "bronze" / "name.partial-1-1"
    left.mkdir(parents=True)
    (left / "part").write_text("half")
    os.utime(left, (0, 0))
    assert prune(tmp_path, 7) == 1
    assert list((tmp_path / "bronze").iterdir()) == []


def test_reused_output_is_kept(tmp_path: Path) -> None:
    _aged(tmp_path, "bronze", "name", 8)
    folder, _ = make_output(tmp_path, "bronze", "name", lambda _: {})
    assert prune(tmp_path, 7) == 0
    assert (folder / "part").exists()


def test_no_workspace_yet(tmp_path: Path) -> None:
    assert prune(tmp_path / "none", 7) == 0
