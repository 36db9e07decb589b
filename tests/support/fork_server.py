"""A fork server for ``python -m MODULE`` and ``python -c``, with Prefect already imported; ``commands`` is its client.

Importing Prefect, Alembic and other libraries takes most of a short command's time, so this process imports them once
and forks for each command. A command is a process of its own, with its own arguments, environment, working folder and
standard streams; it imports the project's code itself and exits like any interpreter. Prefect reads its settings when
the command first imports it. Two things are not imported here: `prefect.main`, which sets up logging, and Polars and
pyarrow, because a fork loses the threads they start. With PYTHONDONTWRITEBYTECODE, compiling the project anew would
take as long as the rest of a short command, so commands then keep the compiled code in the folder of the test run.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import select
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil

_PRELOADED = (
    "alembic.command",
    "alembic.config",
    "anyio._backends._asyncio",
    "apprise",
    "asyncpg",
    "cryptography.x509",
    "cyclopts",
    "fastapi",
    "hypothesis",
    "pandera",
    "platformdirs",
    "prefect.artifacts",
    "prefect.blocks.notifications",
    "prefect.blocks.system",
    "prefect.cli.block",
    "prefect.cli.deploy",
    "prefect.cli.deployment",
    "prefect.cli.work_pool",
    "prefect.client.cloud",
    "prefect.client.orchestration",
    "prefect.engine",
    "prefect.flow_runs",
    "prefect.flows",
    "prefect.runtime",
    "prefect.serializers",
    "prefect.task_engine",
    "prefect.tasks",
    "prefect.telemetry.run_telemetry",
    "prefect.transactions",
    "prefect.utilities.visualization",
    "prefect.variables",
    "prefect_slack",
    "prefect_sqlalchemy",
    "rich.progress",
    "rich.table",
    "sqlalchemy.ext.asyncio",
    "statistics",
    "tenacity.asyncio",
)
_DEFERRED = ("prefect", "prefect_slack", "prefect_sqlalchemy")


class _DeferredImport(MetaPathFinder, Loader):
    """Hides the imported Prefect until a command imports it, and reads Prefect's settings at that moment."""

    def __init__(self) -> None:
        names = [name for name in sys.modules if name.split(".")[0] in _DEFERRED]
        self._modules = {name: sys.modules.pop(name) for name in names}
        self._specs = {name: module.__spec__ for name, module in self._modules.items()}

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if fullname not in self._modules:
            return None
        sys.meta_path.remove(self)
        sys.modules.update(self._modules)
        importlib.import_module("prefect.context").refresh_global_settings_context()
        return ModuleSpec(fullname, self, is_package=hasattr(self._modules[fullname], "__path__"))

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._modules[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._specs[module.__name__]


def _serve(address: str, controller: int) -> None:
    """Fork for each command until the process ``controller`` has ended."""
    for name in _PRELOADED:
        importlib.import_module(name)
    assert "prefect.main" not in sys.modules, "It sets up Prefect's logging, so each command imports it."
    assert psutil.Process().num_threads() == 1, "A library has started a thread, which a fork loses."
    if sys.dont_write_bytecode:
        # Set after the imports above, which find the code that was compiled when the libraries were installed.
        sys.pycache_prefix, sys.dont_write_bytecode = str(Path(address).with_name("bytecode")), False
    deferred = _DeferredImport()
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{address}.starting")
        listening.listen(64)
        os.rename(f"{address}.starting", address)
        while _lives(controller):
            _reap()
            if not select.select([listening], [], [], 5)[0]:
                continue
            connection, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _handle(connection, deferred)
            connection.close()


def _reap() -> None:
    """Reap the handlers of commands that have ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _handle(connection: socket.socket, deferred: _DeferredImport) -> None:
    """Run the requested command in a further fork; send its process id, and its return code when it ends."""
    head, streams, _, _ = socket.recv_fds(connection, 8, 3)
    request = json.loads(receive(connection, int(head)))
    command = os.fork()
    if command == 0:
        connection.close()
        _run(request, streams, deferred)
        return
    for stream in streams:
        os.close(stream)
    with suppress(OSError):
        connection.sendall(b"%08d" % command)
    code = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    with suppress(OSError):
        connection.sendall(b"%08d" % code)
    os._exit(0)


def receive(connection: socket.socket, size: int) -> bytes:
    """Receive exactly ``size`` bytes."""
    got = b""
    while len(got) < size:
        piece = connection.recv(size - len(got))
        if not piece:
            raise EOFError("The other process closed the connection.")
        got += piece
    return got


def _run(request: dict[str, Any], streams: Sequence[int], deferred: _DeferredImport) -> None:
    """Replace streams, environment, folder and arguments, then run the module and exit."""
    for place, stream in enumerate(streams):
        os.dup2(stream, place)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.path[0] = request["folder"]
    sys.argv[1:] = request["arguments"]
    sys.meta_path.insert(0, deferred)
    for name in [name for name in sys.modules if name.split(".")[0] == "tests"]:
        del sys.modules[name]
    if request["module"] == "-c":
        sys.path[0] = ""
        sys.argv[:2] = ["-c"]
        main = sys.modules["__main__"] = ModuleType("__main__")
        exec(request["arguments"][0], main.__dict__)
    else:
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
    sys.exit(0)


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
