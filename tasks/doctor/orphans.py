"""Prefect servers that runs started for themselves, and that outlived them.

Those of this release end with their run; older releases leave them behind after a SIGKILL.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from tasks.doctor.finding import Finding, warning

_FACTORY, _EPHEMERAL = "prefect.server.api.server:create_app", "--log-level error --lifespan on"
# The server of this release (blocks/own_server.py): it ends with its run, and is in a session of its own.
_ENDS_WITH_RUN = "server_with_parent.py"


@dataclass(frozen=True)
class OrphanedServer:
    """A server's process and its age in minutes."""

    pid: int
    minutes: int


def orphaned_servers(home: Path) -> tuple[OrphanedServer, ...]:
    """Servers of this user on Prefect's folder ``home`` whose run is gone."""
    servers = []
    for process in psutil.process_iter():
        try:
            if _is_own_server(process, home) and not _has_run(process):
                servers.append(OrphanedServer(process.pid, int(time.time() - process.create_time()) // 60))
        except (psutil.Error, OSError):  # it has just ended
            continue
    return tuple(sorted(servers, key=lambda server: server.pid))


def describe(servers: tuple[OrphanedServer, ...]) -> tuple[str, str]:
    """What is wrong, and the command that ends it."""
    named = ", ".join(f"process {server.pid}, {server.minutes} minutes old" for server in servers)
    pids = " ".join(str(server.pid) for server in servers)
    return f"A run that was killed left its own Prefect server running ({named}).", f"End it: kill {pids}"


def examine_orphans(home: Path) -> list[Finding]:
    """Warn of servers on Prefect's folder ``home`` that outlived their run."""
    servers = orphaned_servers(home)
    return [warning("leftovers", *describe(servers))] if servers else []


def _is_own_server(process: psutil.Process, home: Path) -> bool:
    if process.uids().real != os.getuid() or process.status() == psutil.STATUS_ZOMBIE:
        return False
    command = " ".join(process.cmdline())
    if _FACTORY not in command or _EPHEMERAL not in command or _ENDS_WITH_RUN in command:
        return False
    return Path(process.environ().get("PREFECT_HOME") or "~/.prefect").expanduser() == home.expanduser()


def _has_run(process: psutil.Process) -> bool:
    """Whether its parent is still the run, whose process group it shares, and not init or what stands in for it."""
    parent = process.parent()
    if parent is None or os.getpgid(parent.pid) != os.getpgid(process.pid):
        return False
    # In a container the run itself can be process 1, and so can a shell.
    return bool(parent.pid != 1 or parent.name() == process.name())
