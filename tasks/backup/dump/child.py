"""Run pg_dump, pg_restore and psql: their password in a memory file, nothing of our environment, no end without ours.

A password travels in a file of libpq's own format that only the child can open: it is in no command line and no
environment. A child gets SIGTERM when this process dies, so that nothing works on after a kill.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tasks.outside_text import displayable
from tasks.postgres.embedded.binaries import program_environment
from tasks.postgres.settings import ConnectionSettings

_KEPT_MESSAGE = 4000  # bytes of a child's messages: the last ones, which tell why it ended
_TERM_SECONDS = 5.0
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


@dataclass
class Child:
    """A running program.

    Attributes:
        process: The process; its standard input and output are those that the caller gave.
        name: Name of the program, for messages.
    """

    process: asyncio.subprocess.Process
    name: str
    _messages: bytearray = field(default_factory=bytearray)
    _first: bytearray = field(default_factory=bytearray)
    _reader: asyncio.Task[None] | None = None

    async def wait(self) -> int:
        """Wait for the end and return the exit code; minus the signal for a child that was killed."""
        if self._reader is not None:
            await asyncio.shield(self._reader)
        return await self.process.wait()

    @property
    def messages(self) -> str:
        """The end of what the program wrote to standard error, secrets masked, on one line."""
        text = bytes(self._messages).decode(errors="replace")
        return displayable(" ".join(line.strip() for line in text.splitlines() if line.strip()))

    @property
    def first_messages(self) -> str:
        """The beginning of it, line by line and unmasked: what pg_restore quotes at length comes after its error."""
        return bytes(self._first).decode(errors="replace")

    async def _collect(self) -> None:
        assert self.process.stderr is not None  # noqa: S101 - for the type checker
        while chunk := await self.process.stderr.read(4096):
            self._first += chunk[: _KEPT_MESSAGE - len(self._first)]
            self._messages += chunk
            del self._messages[:-_KEPT_MESSAGE]

    async def _end(self) -> None:
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.terminate()
            try:
                async with asyncio.timeout(_TERM_SECONDS):
                    await self.process.wait()
            except TimeoutError:
                with suppress(ProcessLookupError):
                    self.process.kill()
                await self.process.wait()
        if self._reader is not None:
            self._reader.cancel()


@asynccontextmanager
async def started(
    program: Path,
    arguments: Sequence[str],
    *,
    settings: ConnectionSettings | None = None,
    major: int = 0,
    stdin: int = asyncio.subprocess.DEVNULL,
    stdout: int = asyncio.subprocess.DEVNULL,
    pass_fds: Sequence[int] = (),
) -> AsyncIterator[Child]:
    """Start a program for the block; at the block's end it is terminated if it still runs.

    Args:
        program: Path of the program.
        arguments: Its arguments, without secrets.
        settings: The database that it connects to: ``--dbname`` is added; None for a program that connects to none.
        major: Major version of the program, where ``settings`` are given.
        stdin: A file descriptor, or one of asyncio.subprocess' constants.
        stdout: Likewise.
        pass_fds: File descriptors that the child inherits.

    Yields:
        The child. Its messages are complete once ``wait`` has returned.
    """
    with ExitStack() as files:
        environment = program_environment()
        inherited = list(pass_fds)
        if settings is not None:
            connection = connection_string(settings, major, program.name)
            if settings.password is not None:
                password = files.enter_context(_private_file(_password_line(settings)))
                environment["PGPASSFILE"] = password.path
                inherited += password.fds
            if settings.sslrootcert and "-----BEGIN" in settings.sslrootcert:
                certificate = files.enter_context(_private_file(settings.sslrootcert))
                connection += f" sslrootcert={_quoted(certificate.path)}"
                inherited += certificate.fds
            arguments = [*arguments, "--dbname", connection]
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            stdin=stdin,
            stdout=stdout,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            pass_fds=inherited,
            start_new_session=True,  # Ctrl-C is ours to handle
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        child = Child(process, program.name)
        child._reader = asyncio.create_task(child._collect())
        try:
            yield child
        finally:
            await asyncio.shield(child._end())


def connection_string(settings: ConnectionSettings, major: int, program: str) -> str:
    """Return libpq's connection string, without the password and without certificates given as text."""
    parts = {
        "host": settings.host,
        "port": str(settings.port),
        "user": settings.user,
        "dbname": settings.database,
        "sslmode": settings.sslmode,
        "connect_timeout": str(max(2, min(60, round(settings.connect_seconds)))),
        "application_name": f"prefect-retail {program}",
        "keepalives_idle": "60",
        "keepalives_interval": "10",
        "keepalives_count": "6",
    }
    if settings.sslrootcert and "-----BEGIN" not in settings.sslrootcert:
        parts["sslrootcert"] = str(Path(settings.sslrootcert).absolute())
    if major >= 16 and not settings.is_loopback and not settings.sslmode.startswith("verify"):
        # As tasks.postgres.clear_text: a server that nobody verified gets no password in clear text.
        parts["require_auth"] = "!password"
    return " ".join(f"{name}={_quoted(value)}" for name, value in parts.items())


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _password_line(settings: ConnectionSettings) -> str:
    assert settings.password is not None  # noqa: S101 - for the type checker
    # One line for everything the child may ask: it connects to this one server only.
    secret = settings.password.get_secret_value().replace("\\", "\\\\").replace(":", "\\:")
    return f"*:*:*:*:{secret}\n"


@dataclass(frozen=True)
class _PrivateFile:
    path: str
    fds: tuple[int, ...]


@contextmanager
def _private_file(text: str) -> Iterator[_PrivateFile]:
    """A file that the child can open by its path: in memory on Linux, else one of mode 0600 that is deleted after."""
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("retail")
        try:
            os.fchmod(handle, 0o600)
            os.write(handle, text.encode())
            yield _PrivateFile(f"/proc/self/fd/{handle}", (handle,))
        finally:
            os.close(handle)
        return
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(text)
        file.flush()
        yield _PrivateFile(file.name, ())


def die_with_parent(signal_number: signal.Signals) -> Callable[[], None] | None:
    """Return a function for a new child that lets it get a signal when this process dies; None where that is unknown."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def arrange() -> None:
        prctl(_SET_PARENT_DEATH_SIGNAL, signal_number)

    return arrange
