"""A folder that runs write to: whether that can be done, and how much still fits."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from tasks.alerts.channels.deadline import run_in_daemon_thread
from tasks.doctor.finding import Finding, ok, problem, warning

_SECONDS = 10.0
_LITTLE, _NEXT_TO_NOTHING = 1e9, 50e6


async def examine_folder(check: str, folder: Path, setting: str) -> list[Finding]:
    """Whether files can be made in ``folder``, or it in what is there above it; nothing is left behind."""
    fix = f"Choose another folder with {setting}, or let this user write there."
    try:
        above, free = await run_in_daemon_thread(lambda _: _try(folder), _SECONDS)
    except TimeoutError:
        return [problem(check, f"{folder} did not answer within {_SECONDS:g} s (a network drive?).", fix)]
    except OSError as error:
        what = f"{folder} cannot be written ({os.strerror(error.errno or 0)})."
        return [problem(check, what, fix)]
    said = f"{folder}, {free / 1e9:,.1f} GB free" + ("" if above == folder else "; the first run makes it")
    if free < _NEXT_TO_NOTHING:
        return [problem(check, f"{said}.", f"Free space, or choose another disk with {setting}.")]
    if free < _LITTLE:
        return [warning(check, f"{said}.", f"Free space, or choose another disk with {setting}.")]
    return [ok(check, said)]


def _try(folder: Path) -> tuple[Path, int]:
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise NotADirectoryError(20, "Not a directory")
    with tempfile.TemporaryFile(dir=there) as file:
        file.write(b"retail doctor")
        file.flush()
    return there, shutil.disk_usage(there).free
