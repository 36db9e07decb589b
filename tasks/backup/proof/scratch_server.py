"""A throw-away Postgres for the proof of a backup: on a socket of its own, in a temporary folder, and gone afterwards.

The server gets SIGQUIT when this process dies. Its folder stays then: each proof removes those of proofs that ended so,
which it knows by a lock on a file that the operating system releases with the process.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TypeVar

from tasks import progress
from tasks.backup.dump.child import die_with_parent
from tasks.backup.dump.tools import Tools, describe_tools, find_tools
from tasks.backup.proof.scratch_folder import remove_leftovers, remove_scratch_folder, scratch_folder
from tasks.errors import ScratchServerFailed, ToolMissing
from tasks.outside_text import displayable
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.embedded.binaries import (
    ServerUser,
    find_enterable_programs,
    find_server_user,
    program_environment,
)

# No backup has a role of that name: every one of its roles is made as it was, and none of them is this superuser.
SUPERUSER = "retail_proof_superuser"
_PORT = 5432
_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_NOTICE_SECONDS = 0.5  # its connections may end before its end is noticed
_CONFIGURATION = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "30",
    # Nothing of it is needed after a crash.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    # It would lose unlogged rows, and go on.
    "restart_after_crash": "off",
    "maintenance_work_mem": "128MB",
    # In the data folder, so that nothing else is left after a kill.
    "dynamic_shared_memory_type": "mmap",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The SQLSTATE in front, and no rows or statements.
    "log_line_prefix": "%e ",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
_LOGGED = re.compile(r"^([0-9A-Z]{5}) (?:WARNING|ERROR|FATAL|PANIC):\s+(.*)$", re.MULTILINE)
# The server itself lacks something: space, memory, a working disk; or somebody ended it or a session; or the jobs of
# pg_restore waited for each other.
_OWN_TROUBLE = ("53", "58", "XX", "57P", "40P01")
_UNSUPPORTED = "0A"
_Result = TypeVar("_Result")


@dataclass
class ScratchServer:
    """A running scratch server.

    Attributes:
        settings: Connection settings of its superuser.
        major: Major version.
        folder: Everything that it has on disk.
        process: The postmaster.
    """

    settings: ConnectionSettings
    major: int
    folder: Path
    process: asyncio.subprocess.Process

    async def trouble(self) -> str:
        """Return what is wrong with the server itself after an error; empty if it is well."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_NOTICE_SECONDS):
                await self.process.wait()
        if self.process.returncode is not None:
            return f"it ended meanwhile ({self._last_words()})"
        for state, message in self._errors():
            if state.startswith(_OWN_TROUBLE):
                return message
        return ""

    def missing_feature(self) -> str:
        """Return the server's message about a feature that it was built without; empty if there is none."""
        return next((message for state, message in self._errors() if state.startswith(_UNSUPPORTED)), "")

    def _errors(self) -> list[tuple[str, str]]:
        text = (self.folder / "log").read_text(errors="replace")
        return [(match[1], displayable(match[2])) for match in _LOGGED.finditer(text)]

    def _last_words(self) -> str:
        lines = (self.folder / "log").read_text(errors="replace").splitlines()
        return displayable(lines[-1][:300]) if lines else f"exit code {self.process.returncode}"


async def find_server_programs(tools: Sequence[Tools], major: int) -> Tools:
    """Find the programs of a server of a major version, else of the next higher one.

    Args:
        tools: The client programs that are used; where no server is among them, the whole machine is searched.
        major: Major version of the backup's server.

    Raises:
        ToolMissing: there is none.
    """
    fitting = _servers(tools, major) or _servers(await find_tools(), major)
    if fitting:
        return min(fitting, key=lambda tool: tool.major)
    raise ToolMissing(
        f"There is no Postgres server of version {major} or newer to prove the backup in: "
        f"{describe_tools(tools) or 'none is installed'}.",
        f"Install one (apt-get install postgresql-{major}), or name a server with --server.",
        tool="postgres",
    )


def _servers(tools: Sequence[Tools], major: int) -> list[Tools]:
    return [
        tool
        for tool in tools
        if tool.major >= major and all((tool.folder / name).exists() for name in ("initdb", "postgres"))
    ]


@asynccontextmanager
async def scratch_server(tools: Tools) -> AsyncIterator[ScratchServer]:
    """Run a scratch server for the block.

    Args:
        tools: Its programs, see ``find_server_programs``.

    Raises:
        ScratchServerFailed: it does not start.
    """
    await asyncio.to_thread(remove_leftovers)
    user = find_server_user()
    with scratch_folder() as folder:
        server: ScratchServer | None = None
        try:
            server = await _start(tools, folder, user)
            yield server
        finally:
            await asyncio.shield(_remove(server, folder))


async def _start(tools: Tools, folder: Path, user: ServerUser) -> ScratchServer:
    progress.report("proof.server", f"starting Postgres {tools.major}")
    programs = await _in_thread(partial(find_enterable_programs, tools.folder, folder, user))
    if programs is None:
        raise ScratchServerFailed(
            f"Postgres cannot run as root, and the user {user.name} cannot enter {tools.folder}.",
            f"Make it readable for {user.name}, or name a server with --server.",
        )
    cluster, sockets = folder / "cluster", folder / "socket"
    for private in (cluster, sockets):
        user.make_private(private)
    with _open_log(folder) as log:
        await _create_cluster(programs, folder, user, log)
        log.truncate(0)
        command = [str(programs / "postgres"), "-D", str(cluster)]
        # The server reads a comma or a blank as a separator, unless the path is quoted.
        for name, value in {**_CONFIGURATION, "unix_socket_directories": f'"{sockets}"'}.items():
            command += ["-c", f"{name}={value}"]
        process = await _spawn(command, user, log, signal.SIGQUIT)
    settings = ConnectionSettings(
        host=str(sockets),
        port=_PORT,
        database="postgres",
        user=SUPERUSER,
        sslmode="disable",
        connect_seconds=10,
        statement_timeout=0,
    )
    server = ScratchServer(settings, tools.major, folder, process)
    is_ready = False
    try:
        await _wait_until_ready(server)
        is_ready = True
    finally:  # also after a cancellation
        if not is_ready:
            await asyncio.shield(_stop(server))
    return server


def _open_log(folder: Path) -> IO[bytes]:
    return open(folder / "log", "ab")


async def _create_cluster(programs: Path, folder: Path, user: ServerUser, log: IO[bytes]) -> None:
    command = [str(programs / "initdb"), "-D", str(folder / "cluster"), "-U", SUPERUSER, "--auth=trust"]
    command += ["--locale=C", "--encoding=UTF8", "--no-sync", "--no-instructions"]
    process = await _spawn(command, user, log, signal.SIGKILL)
    try:
        if await process.wait() != 0:
            raise _not_started(folder)
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await asyncio.shield(process.wait())


async def _spawn(
    command: Sequence[str], user: ServerUser, log: IO[bytes], at_our_end: signal.Signals
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *command,
        user=user.uid,
        group=user.gid,
        extra_groups=None if user.uid is None else [],
        cwd="/",
        env=program_environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        preexec_fn=die_with_parent(at_our_end),
    )


async def _wait_until_ready(server: ScratchServer) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        with suppress(OSError):
            # As pg_ctl: the postmaster writes its state into the eighth line.
            lines = (server.folder / "cluster" / "postmaster.pid").read_text().splitlines()
            if len(lines) > 7 and lines[7].strip() == "ready":
                return
        if server.process.returncode is not None or time.monotonic() > deadline:
            raise _not_started(server.folder)
        await asyncio.sleep(0.02)


def _not_started(folder: Path) -> ScratchServerFailed:
    lines = (folder / "log").read_text(errors="replace").strip().splitlines()
    return ScratchServerFailed(
        f"the scratch server did not start: {' '.join(lines[-3:])[-500:]}",
        f"Check the space in {tempfile.gettempdir()} and the memory, or name a server with --server.",
    )


async def _stop(server: ScratchServer) -> None:
    if server.process.returncode is None:
        with suppress(ProcessLookupError):
            server.process.send_signal(signal.SIGQUIT)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await server.process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                server.process.kill()
            await server.process.wait()


async def _remove(server: ScratchServer | None, folder: Path) -> None:
    if server is not None:
        await _stop(server)
    await asyncio.to_thread(remove_scratch_folder, folder)


async def _in_thread(work: Callable[[], _Result]) -> _Result:
    """Run work in a thread; a cancellation waits for its end, since it writes into the folder that is then removed."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise
