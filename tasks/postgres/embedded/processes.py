"""Which server processes belong to a cluster, told from those of other servers on the machine."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import psutil

from tasks import progress
from tasks.errors import EmbeddedServerError

_PATIENCE = 10


def find_postmaster(cluster: Path) -> int | None:
    """The process id of the cluster's running server, or None."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().split()[0])
        process = psutil.Process(pid)
        # After a crash or a reboot the id may be another program's, even another server's. Where PID 1
        # does not reap, a killed server stays a zombie: that one is dead.
        ours = _is_alive(process) and any(str(cluster) in part for part in process.cmdline())
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
    return pid if ours else None


def remove_stale_pid_file(cluster: Path) -> None:
    """Remove a pid file whose number Postgres would take for a server's, but which is none's.

    In a container that was not stopped cleanly it is another program's by now: its few ids come again. And a
    killed server that nobody has reaped keeps its id. Postgres' lock on its shared memory still keeps two
    servers apart.
    """
    file = cluster / "postmaster.pid"
    try:
        process = psutil.Process(int(file.read_text().split()[0]))
        # One that is dying has no command line any more, but may still be at work.
        settled = process.status() == psutil.STATUS_ZOMBIE or process.cmdline()
        if settled and find_postmaster(cluster) is None:
            file.unlink()
    except (OSError, ValueError, IndexError, psutil.Error):
        return


def _is_alive(process: psutil.Process) -> bool:
    return "postgres" in process.name() and process.status() != psutil.STATUS_ZOMBIE


def end_leftovers(cluster: Path) -> None:
    """End what is left of a server whose postmaster is gone, or whose folder was deleted under it.

    A busy session outlives a killed postmaster and keeps the next one from starting; a server whose
    folder was deleted would, when it notices, delete the next one's socket. Only to be called while
    ``find_postmaster`` finds nothing. Raises EmbeddedServerError if they do not end.
    """
    for number in (signal.SIGQUIT, signal.SIGKILL):
        end = time.monotonic() + _PATIENCE
        for process in _leftovers(cluster):
            progress.report("embedded.leftovers", f"ending process {process.pid} of a server that is gone")
            _send(process, number)
        while _leftovers(cluster):
            if time.monotonic() > end:
                break
            time.sleep(0.02)
        else:
            return
    left = ", ".join(str(process.pid) for process in _leftovers(cluster))
    raise EmbeddedServerError(
        f"Processes of an earlier server in {cluster} do not end: {left}.",
        "End them, then try again.",
        folder=str(cluster),
    )


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.Error:
        return


def _leftovers(cluster: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if _works_in(process, cluster)]


def _works_in(process: psutil.Process, cluster: Path) -> bool:
    try:
        if not _is_alive(process) or process.cwd() != str(cluster):
            return False
        # A container's processes may be seen from the host: the same path there is another folder.
        root = Path(f"/proc/{process.pid}/root")
        return root.samefile("/") if Path("/proc/self/root").exists() else True
    except (psutil.Error, OSError):
        return False
