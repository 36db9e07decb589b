"""A workspace that cannot be written fails with a next step and leaves no partial output."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tasks.errors import Terminal, WorkspaceFull
from tests.support.deliveries import as_csv, ingest_sources, row, write
from tests.support.required import missing
from tests.support.unprivileged import as_nobody, common_folder

NEXT_STEP = (
    "Free space, or choose another folder with RETAIL_WORKSPACE; then run again: nothing was half-loaded."
)

# Limits files to 20 kB, as if the disk filled up in the middle of a part.
LIMITED = """
    import resource, signal, sys
    from pathlib import Path
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    from tasks.errors import WorkspaceFull
    from tests.support.deliveries import ingest_sources
    try:
        ingest_sources(Path(sys.argv[1]), sys.argv[2])
    except WorkspaceFull as error:
        print(error.message)
"""


def test_disk_full_while_writing_a_part(tmp_path: Path, real_lines: pl.DataFrame) -> None:
    real_lines.head(20_000).write_csv(tmp_path / "day.csv")
    command = [sys.executable, "-c", textwrap.dedent(LIMITED), str(tmp_path / "w"), str(tmp_path / "day.csv")]
    process = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (process.stdout, process.returncode) == (
        f"The workspace {tmp_path / 'w'} cannot be used (File too large). {NEXT_STEP}\n",
        0,
    ), process.stderr
    assert list((tmp_path / "w" / "bronze").iterdir()) == []


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/dev/full").exists():
        missing("/dev/full, which Linux has")
    day = write(tmp_path / "day.csv", as_csv([row()]))
    real = os.open

    def open_on_full_disk(path: Any, *args: Any, **kwargs: Any) -> int:
        return (
            real("/dev/full", os.O_WRONLY) if str(path).endswith(".parquet") else real(path, *args, **kwargs)
        )

    monkeypatch.setattr(os, "open", open_on_full_disk)
    with pytest.raises(WorkspaceFull) as caught:
        ingest_sources(tmp_path / "w", day)
    monkeypatch.undo()
    assert caught.value.message == (
        f"The workspace {tmp_path / 'w'} cannot be used (No space left on device). {NEXT_STEP}"
    )
    assert isinstance(caught.value, Terminal)
    assert caught.value.attributes == {"folder": str(tmp_path / "w")}
    assert list((tmp_path / "w" / "bronze").iterdir()) == []
    assert ingest_sources(tmp_path / "w", day).bronze


def test_workspace_is_a_file(tmp_path: Path) -> None:
    day = write(tmp_path / "day.csv", as_csv([row()]))
    write(tmp_path / "w", "a file")
    with pytest.raises(WorkspaceFull, match=r"cannot be used \((Not a directory|File exists)\)"):
        ingest_sources(tmp_path / "w", day)


def test_workspace_without_write_permission() -> None:
    with common_folder() as folder:
        day = write(folder / "day.csv", as_csv([row()]))
        (folder / "w").mkdir(mode=0o500)
        with as_nobody(), pytest.raises(WorkspaceFull, match=r"cannot be used \(Permission denied\)"):
            ingest_sources(folder / "w", day)
