"""Run pg_restore on one archive: list it, turn its definitions into a script, or restore a section of it."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO, Literal

from tasks.backup.dump.child import Child, started
from tasks.backup.dump.tools import Tools, describe_tools
from tasks.backup.manifest import Manifest
from tasks.backup.restore.archive_reader import Archive, archive_input, list_file
from tasks.errors import RestoreFailed, ToolMissing
from tasks.postgres.settings import ConnectionSettings

Section = Literal["pre-data", "data", "post-data"]
# pg_dump of 17 and later writes this line, which older servers do not know.
_TRANSACTION_TIMEOUT = b"SET transaction_timeout = 0;\n"
_SINCE = 17
_HEADER_LINES = 40
_OPTIONS = ("--no-owner", "--no-tablespaces", "--exit-on-error")
_ENTRY = re.compile(r"from TOC entry \d+; \d+ \d+ (.*)")
_ERROR = re.compile(r"(?:^(?:pg_restore|psql): error|^(?:psql:.*: )?(?:ERROR|FATAL)):\s+(.*)")


def choose_restore_tools(tools: Sequence[Tools], manifest: Manifest, major: int, *, needs_tls: bool) -> Tools:
    """Choose the programs that read a backup's archives and restore them into a server.

    Args:
        tools: The programs of this machine.
        manifest: The backup; an archive is read by programs of its own major version or a newer one.
        major: Major version of the target's server.
        needs_tls: Whether the connection needs TLS.

    Raises:
        ToolMissing: none fits; the message says what to install.
    """
    fitting = [
        tool
        for tool in tools
        if tool.major >= manifest.tool_version
        and (manifest.compression != "zstd" or tool.supports_zstd)
        and (tool.supports_tls or not needs_tls)
    ]
    if not fitting:
        what = f"{' with zstd' if manifest.compression == 'zstd' else ''}{' that supports TLS' if needs_tls else ''}"
        raise ToolMissing(
            f"No pg_restore here reads archives of version {manifest.tool_version}{what}: "
            f"{describe_tools(tools) or 'none is installed'}.",
            f"Install the client programs: apt-get install postgresql-client-{manifest.tool_version} (or newer), or name "
            "their folder in RETAIL_POSTGRES_BIN.",
            tool="pg_restore",
        )
    return min(fitting, key=lambda tool: (_needs_script(tool, major), tool.major))


def _needs_script(tool: Tools, major: int) -> bool:
    """Whether a server does not understand what pg_restore sends it."""
    return tool.major >= _SINCE > major


@dataclass(frozen=True)
class ArchiveRestore:
    """Restores archives into one database.

    Attributes:
        tools: The programs.
        settings: The target.
        major: Major version of its server.
        backup: Id of the backup, for errors.
    """

    tools: Tools
    settings: ConnectionSettings
    major: int
    backup: str

    async def contents(self, archive: Archive) -> str:
        """Return the output of ``pg_restore --list``."""
        return (await self._output(archive, ["--list"])).decode(errors="replace")

    async def definitions(self, archive: Archive, use_list: str) -> str:
        """Return the statements of the section pre-data for a connection of ours, without the limits that they set."""
        with list_file(use_list) as path:
            text = await self._output(
                archive, ["--file=-", "--section=pre-data", f"--use-list={path}", *_OPTIONS]
            )
        return without_limits(text.decode())

    async def restore(
        self,
        archive: Archive,
        section: Section,
        use_list: str | None = None,
        *,
        jobs: int = 1,
        as_replica: bool = False,
    ) -> None:
        """Restore a section of an archive.

        Args:
            archive: The archive.
            section: The section.
            use_list: The entries that are taken; None for all.
            jobs: Jobs side by side, for an archive in memory.
            as_replica: Without triggers and foreign keys, for the rows of managed schemas.

        Raises:
            RestoreFailed: pg_restore or psql failed, or was killed.
        """
        with ExitStack() as files:
            arguments = [f"--section={section}", *_OPTIONS]
            if use_list is not None:
                arguments.append(f"--use-list={files.enter_context(list_file(use_list))}")
            if as_replica or _needs_script(self.tools, self.major):
                await self._restore_by_script(archive, arguments, as_replica)
                return
            if jobs > 1 and archive.handle is not None:
                arguments.append(f"--jobs={jobs}")
            async with self._pg_restore(archive, arguments, connects=True) as child:
                code = await child.wait()
                self._ensure_succeeded(child, code)

    async def _restore_by_script(self, archive: Archive, arguments: Sequence[str], as_replica: bool) -> None:
        script_read, script_write = os.pipe()
        psql_read, psql_write = os.pipe()
        ours = [script_write, psql_read]
        pump: asyncio.Future[None] | None = None
        try:
            async with AsyncExitStack() as children:
                reader = await children.enter_async_context(
                    self._pg_restore(archive, ["--file=-", *arguments], stdout=script_write)
                )
                psql = await children.enter_async_context(
                    started(
                        self.tools.psql,
                        ["-X", "-q", "-v", "ON_ERROR_STOP=1", "--no-password"],
                        settings=self.settings,
                        major=self.tools.major,
                        stdin=psql_read,
                    )
                )
                while ours:
                    os.close(ours.pop())
                pump = asyncio.ensure_future(
                    asyncio.to_thread(_pass_script, script_read, psql_write, as_replica)
                )
                psql_code = await psql.wait()
                await asyncio.wait({pump})
                self._ensure_succeeded(psql, psql_code)
                self._ensure_succeeded(reader, await reader.wait())
        finally:
            for handle in ours:
                os.close(handle)
            if pump is None:
                os.close(script_read)
                os.close(psql_write)
            else:
                await asyncio.wait({pump})

    async def _output(self, archive: Archive, arguments: Sequence[str]) -> bytes:
        read_end, write_end = os.pipe()
        output: asyncio.Future[bytes] | None = None
        try:
            async with self._pg_restore(archive, arguments, stdout=write_end) as child:
                os.close(write_end)
                write_end = -1
                output = asyncio.ensure_future(asyncio.to_thread(_read_all, read_end))
                await asyncio.wait({output})
                self._ensure_succeeded(child, await child.wait())
                return output.result()
        finally:
            if write_end >= 0:
                os.close(write_end)
            if output is None:
                os.close(read_end)
            else:
                await asyncio.wait({output})

    @asynccontextmanager
    async def _pg_restore(
        self,
        archive: Archive,
        arguments: Sequence[str],
        *,
        connects: bool = False,
        stdout: int = asyncio.subprocess.DEVNULL,
    ) -> AsyncIterator[Child]:
        async with (
            archive_input(archive) as source,
            started(
                self.tools.pg_restore,
                [*arguments, *(["--no-password"] if connects else []), *source.arguments],
                settings=self.settings if connects else None,
                major=self.tools.major,
                stdin=source.stdin,
                stdout=stdout,
                pass_fds=source.fds,
            ) as child,
        ):
            yield child

    def _ensure_succeeded(self, child: Child, code: int) -> None:
        if code == 0:
            return
        if code < 0:
            what = f"{child.name} was killed (signal {-code})."
        else:
            what = f"{child.name} failed: {first_error(child.first_messages) or f'exit code {code}'}"
        raise RestoreFailed(what, backup=self.backup)


def first_error(messages: str) -> str:
    """Return the entry and the server's message, without the details that quote rows and the statement itself."""
    entry = _ENTRY.search(messages)
    lines = [match[1] for line in messages.splitlines() if (match := _ERROR.search(line))]
    if not lines:
        return messages.strip().partition("\n")[0]
    text = re.sub(
        r"^(?:could not execute query: )?(?:ERROR|FATAL):\s+|(?<=: )(?:ERROR|FATAL):\s+", "", lines[0]
    )
    return f"{entry[1].strip()}: {text}." if entry else f"{text}."


def without_limits(script: str) -> str:
    """Return a script of pg_restore for a connection of ours: that has its own limits and knows no commands of psql."""
    lines = script.split("\n")
    header = lines[:_HEADER_LINES]
    # With this key psql refuses its own commands until the end; nobody who wrote the archive could know it.
    keys = [line.removeprefix("\\restrict ") for line in header if line.startswith("\\restrict ")]
    left_out = {f"{command} {key}" for key in keys for command in ("\\restrict", "\\unrestrict")}
    header = [line for line in header if not re.fullmatch(r"SET \w+_timeout = 0;", line)]
    return "\n".join(line for line in (*header, *lines[_HEADER_LINES:]) if line not in left_out)


def _pass_script(script_read: int, psql_write: int, as_replica: bool) -> None:
    """Hand a script on without the one line that the server does not know."""
    # Closing writes what is left, so that it may meet the same broken pipe.
    with suppress(BrokenPipeError), open(script_read, "rb") as script, open(psql_write, "wb") as psql:
        if as_replica:
            psql.write(b"SET session_replication_role = replica;\n")
        for _ in range(_HEADER_LINES):  # a row of a table may look like it
            line = script.readline()
            if line == _TRANSACTION_TIMEOUT:
                break
            psql.write(line)
        while chunk := script.read(1 << 20):
            psql.write(chunk)


def _read_all(handle: int) -> bytes:
    stream: BinaryIO
    with open(handle, "rb") as stream:
        return stream.read()
