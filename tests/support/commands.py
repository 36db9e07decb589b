"""``python -m MODULE`` from the fork server, instead of ``subprocess`` with its seconds of imports.

Tests of signals, terminals, process lists and imports use ``subprocess``.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from tests.support import run_folder
from tests.support.fork_server import receive


class Command:
    """A running command; its interface is the part of ``subprocess.Popen`` that tests need."""

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        streams: tuple[int, int, int],
    ) -> None:
        """Start ``python -m MODULE ARGUMENTS``; the caller closes its ends of ``streams``.

        The module ``-c`` runs the first argument.
        """
        self.arguments = [sys.executable, *(["-c"] if module == "-c" else ["-m", module]), *arguments]
        request = {
            "module": module,
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": os.getcwd(),
        }
        body = json.dumps(request).encode()
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(_address())
        socket.send_fds(self._connection, [b"%08d" % len(body)], streams)
        self._connection.sendall(body)
        self.pid = int(receive(self._connection, 8))

    def wait(self, timeout: float) -> int:
        """Wait for the return code (minus the signal); kill the command and raise TimeoutExpired after ``timeout``."""
        self._connection.settimeout(timeout)
        try:
            return int(receive(self._connection, 8))
        except TimeoutError:
            os.kill(self.pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(self.arguments, timeout) from None
        finally:
            self._connection.close()


def run(
    module: str, arguments: Sequence[str], environment: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m MODULE ARGUMENTS`` like ``subprocess.run`` with captured output."""
    with ExitStack() as stack:
        null = stack.enter_context(open(os.devnull, "rb"))
        read_ends, write_ends = zip(os.pipe(), os.pipe(), strict=True)
        readers = [stack.enter_context(open(end, encoding="utf-8")) for end in read_ends]
        try:
            command = Command(module, arguments, environment, (null.fileno(), *write_ends))
        finally:
            for end in write_ends:
                os.close(end)
        texts = [stack.enter_context(ThreadPoolExecutor(1)).submit(reader.read) for reader in readers]
        code = command.wait(timeout)
        out, err = (text.result(timeout) for text in texts)
    return subprocess.CompletedProcess(command.arguments, code, out, err)


def _address() -> str:
    """The fork server's socket; the first command of the test run starts the server."""
    folder = run_folder.current()
    return str(folder.once("fork-server", lambda: _start(folder.path, folder.controller))["address"])


def _start(folder: Path, controller: int) -> dict[str, Any]:
    """Start the fork server, which ends soon after the process ``controller``."""
    address = str(folder / "fork-server.sock")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment |= {"PREFECT_HOME": str(folder / "fork-server"), "DO_NOT_TRACK": "1"}
    with open(folder / "fork-server.log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.fork_server", address, str(controller)],
            cwd=Path(__file__).parents[2],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    while not Path(address).exists():
        assert process.poll() is None, (folder / "fork-server.log").read_text()
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    return {"address": address, "pid": process.pid}
