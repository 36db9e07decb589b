"""Find and stop the server processes of one cluster, and only those."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import psutil

from tasks import progress
from tasks.errors import EmbeddedServerError

_STOP_SECONDS = 10


def find_postmaster(cluster: Path) -> int | None:
    """Return the process id of the cluster's running postmaster, None if there is none."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().split()[0])
        process = psutil.Process(pid)
        # After a crash or reboot the id can belong to another program or server. A zombie is a killed server
        # that its parent has not reaped (in containers PID 1 often does not).
        is_ours = _is_live_postgres(process) and any(str(cluster) in part for part in process.cmdline())
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
    return pid if is_ours else None


def remove_stale_pid_file(cluster: Path) -> None:
    """Remove a postmaster.pid whose process id belongs to another program or a zombie.

    Postgres does not start with such a file. Containers reuse their few process ids, and a killed server keeps
    its id until it is reaped. Postgres' lock on its shared memory still prevents two servers on one cluster.
    """
    file = cluster / "postmaster.pid"
    try:
        process = psutil.Process(int(file.read_text().split()[0]))
        # A process without a command line is shutting down and can still be writing.
        is_stable = process.status() == psutil.STATUS_ZOMBIE or process.cmdline()
        if is_stable and find_postmaster(cluster) is None:
            file.unlink()
    except (OSError, ValueError, IndexError, psutil.Error):
        return


def _is_live_postgres(process: psutil.Process) -> bool:
    return "postgres" in process.name() and process.status() != psutil.STATUS_ZOMBIE


def stop_orphans(cluster: Path) -> None:
    """Stop processes of a server whose postmaster is dead or whose data folder was deleted.

    A busy session outlives a killed postmaster and blocks the next start; a server without its folder deletes
    the next server's socket once it notices. Call it only while ``find_postmaster`` returns None.

    Raises:
        EmbeddedServerError: processes survive SIGQUIT and SIGKILL.
    """
    for signal_number in (signal.SIGQUIT, signal.SIGKILL):
        deadline = time.monotonic() + _STOP_SECONDS
        for process in _orphans(cluster):
            progress.report("embedded.leftovers", f"stopping process {process.pid} of an earlier server")
            _send(process, signal_number)
        while _orphans(cluster):
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        else:
            return
    remaining = ", ".join(str(process.pid) for process in _orphans(cluster))
    raise EmbeddedServerError(
        f"Processes of an earlier server in {cluster} do not stop: {remaining}.",
        "Kill them, then run again.",
        folder=str(cluster),
    )


def _send(process: psutil.Process, signal_number: signal.Signals) -> None:
    try:
        process.send_signal(signal_number)
    except psutil.Error:
        return


def _orphans(cluster: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if _is_server_in(process, cluster)]


def _is_server_in(process: psutil.Process, cluster: Path) -> bool:
    try:
        if not _is_live_postgres(process) or process.cwd() != str(cluster):
            return False
        # A host sees the processes of its containers, where the same path is another folder.
        root = Path(f"/proc/{process.pid}/root")
        return root.samefile("/") if Path("/proc/self/root").exists() else True
    except (psutil.Error, OSError):
        return False
