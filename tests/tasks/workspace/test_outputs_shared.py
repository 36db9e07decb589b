"""A partial output is never used, whether processes share a workspace, die in it or find it damaged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tasks.workspace.outputs import MANIFEST, make_output
from tests.support.deliveries import as_csv, bronze_of, frame_of, ingest_sources, row, write

WRITER = """
    import sys, time
    from pathlib import Path
    from tasks.workspace.outputs import make_output

    def fill(folder):
        print("writing", flush=True)
        for number in range(5):
            (folder / f"part-{number}").write_text(sys.argv[2] * 1000)
        sys.stdin.readline()
        return {"by": sys.argv[2]}

    print(make_output(Path(sys.argv[1]), "bronze", "name", fill)[1]["by"], flush=True)
"""


def _writer(root: Path, content: str) -> subprocess.Popen[str]:
    """Start a process that writes its parts, then waits for a line on stdin before it finishes."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(root), content],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "writing\n"
    return process


def _content(root: Path) -> set[str]:
    return {path.read_text()[:1] for path in (root / "bronze" / "name").glob("part-*")}


def _make(root: Path, content: str = "m") -> dict[str, Any]:
    def fill(folder: Path) -> dict[str, Any]:
        for number in range(5):
            (folder / f"part-{number}").write_text(content * 1000)
        return {"by": content}

    return make_output(root, "bronze", "name", fill)[1]


def test_two_processes_make_the_same_output(tmp_path: Path) -> None:
    first, second = _writer(tmp_path, "a"), _writer(tmp_path, "b")
    out_first, _ = first.communicate("\n", timeout=30)
    out_second, _ = second.communicate("\n", timeout=30)
    assert (out_first, first.returncode, second.returncode) == ("a\n", 0, 0)
    assert out_second in {"a\n", "b\n"}
    assert _content(tmp_path) == {"a"}
    assert [path.name for path in (tmp_path / "bronze").iterdir()] == ["name"]
    assert _make(tmp_path) == {"by": "a"}


def test_killed_process_leaves_no_output(tmp_path: Path) -> None:
    killed = _writer(tmp_path, "a")
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=30)
    (left,) = (tmp_path / "bronze").iterdir()
    assert left.name.startswith("name.partial-")
    assert _make(tmp_path) == {"by": "m"}
    assert _content(tmp_path) == {"m"}


@pytest.mark.parametrize("damage", ["lost", "cut", "no manifest", "half a manifest"])
def test_damaged_output_is_made_again(tmp_path: Path, damage: str) -> None:
    _make(tmp_path, "a")
    folder = tmp_path / "bronze" / "name"
    part, manifest = folder / "part-3", folder / MANIFEST
    if damage == "lost":
        part.unlink()
    elif damage == "cut":
        part.write_text("")
    elif damage == "no manifest":
        manifest.unlink()
    else:
        manifest.write_bytes(manifest.read_bytes()[:20])
    assert _make(tmp_path) == {"by": "m"}
    assert len(list(folder.iterdir())) == 6
    assert _content(tmp_path) == {"m"}
    assert [path.name for path in (tmp_path / "bronze").iterdir()] == ["name"]


def test_bronze_without_a_part_is_read_again(tmp_path: Path) -> None:
    day = write(tmp_path / "day.csv", as_csv([row()] * 3))
    first = bronze_of(ingest_sources(tmp_path / "w", day))
    (Path(first.folder) / "part-00000.parquet").write_bytes(b"")
    again = bronze_of(ingest_sources(tmp_path / "w", day))
    assert again == first
    assert frame_of(again).height == 3
