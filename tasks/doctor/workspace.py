"""A folder that runs write to: whether it is writable, and how much space is free."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from tasks.alerts.channels.deadline import run_in_daemon_thread
from tasks.doctor.finding import Finding, from_error, ok, problem, warning
from tasks.errors import UntrustedPath
from tasks.workspace.integrity import check_workspace

_SECONDS = 10.0
_LOW_BYTES, _TOO_LOW_BYTES = 1e9, 50e6


async def examine_folder(check: str, folder: Path, setting: str) -> list[Finding]:
    """Check that files can be written to ``folder``, or the folder created; nothing is left behind.

    Args:
        check: Name of the check.
        folder: The folder; it need not exist yet.
        setting: Setting that names the folder, for the fix.
    """
    fix = f"Choose another folder with {setting}, or give this user write permission."
    try:
        existing, free = await run_in_daemon_thread(lambda _: _try(folder), _SECONDS)
    except TimeoutError:
        return [problem(check, f"{folder} did not answer within {_SECONDS:g} s (a network drive?).", fix)]
    except UntrustedPath as error:
        return [from_error(check, error)]
    except OSError as error:
        what = f"{folder} cannot be written ({os.strerror(error.errno or 0)})."
        return [problem(check, what, fix)]
    what = f"{folder}, {free / 1e9:,.1f} GB free" + (
        "" if existing == folder else "; the first run creates it"
    )
    if free < _TOO_LOW_BYTES:
        return [problem(check, f"{what}.", f"Free space, or choose another disk with {setting}.")]
    if free < _LOW_BYTES:
        return [warning(check, f"{what}.", f"Free space, or choose another disk with {setting}.")]
    return [ok(check, what)]


def _try(folder: Path) -> tuple[Path, int]:
    check_workspace(folder)
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise NotADirectoryError(20, "Not a directory")
    with tempfile.TemporaryFile(dir=existing) as file:
        file.write(b"retail doctor")
        file.flush()
    return existing, shutil.disk_usage(existing).free
