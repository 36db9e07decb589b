"""The Prefect server that a process starts for itself where none is set up.

Its environment holds no secret of ours, and it ends with the process, also after a SIGKILL.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.near_names import OLD_NAMES

if TYPE_CHECKING:
    from prefect.server.api.server import SubprocessASGIServer

_NAMES = frozenset({"DATABASE_URL", *OLD_NAMES})
_SERVER = Path(__file__).with_name("server_with_parent.py")
_held_open: list[int] = []
_PREFIXES = ("RETAIL_", "PIPELINE_", "SUPABASE_", "OPENLINEAGE_", "PG")


def without_own_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without our settings and libpq's, whatever their case, for a program that needs none of them."""
    return {
        name: value
        for name, value in environment.items()
        if name.upper() not in _NAMES and not name.upper().startswith(_PREFIXES)
    }


def prepare_own_server() -> None:
    """Have Prefect start its server with an environment of ours, if this process is going to need one.

    Prefect hands its own environment on, and everybody who may look at the server's process reads the password there.
    """
    from prefect.settings import get_current_settings  # noqa: PLC0415 - Prefect takes a second to import

    if get_current_settings().api.url:
        return
    from prefect.server.api.server import SubprocessASGIServer  # noqa: PLC0415 - two more, and only for this

    SubprocessASGIServer._run_uvicorn_command = start  # type: ignore[assignment,method-assign]


def start(server: SubprocessASGIServer) -> subprocess.Popen[Any]:
    """Start the server's process, as ``SubprocessASGIServer`` does in Prefect 3.9."""
    import prefect  # noqa: PLC0415 - imported by now
    from prefect.settings import get_current_settings  # noqa: PLC0415

    readable, writable = os.pipe()
    command = [sys.executable, "-P", str(_SERVER), str(readable)]
    command += ["--app-dir", str(prefect.__module_path__.parent)]
    command += ["--factory", "prefect.server.api.server:create_app"]
    command += ["--host", "127.0.0.1", "--port", str(server.port), "--log-level", "error", "--lifespan", "on"]
    environment = {
        **without_own_settings(os.environ),
        "PREFECT_UI_ENABLED": "0",
        "PREFECT__SERVER_EPHEMERAL": "1",
        "PREFECT__SERVER_FINAL": "1",
        **get_current_settings().to_environment_variables(exclude_unset=True),
    }
    try:
        # In a session of its own: Ctrl-C is for this process, which still has to tell the server how its runs end.
        process = subprocess.Popen(command, env=environment, pass_fds=[readable], start_new_session=True)
    finally:
        os.close(readable)
    _held_open.append(writable)  # until this process ends
    return process
