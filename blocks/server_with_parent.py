"""Prefect's own server as a child that ends with its parent, however that ends: ``python -P FILE DESCRIPTOR ARGUMENT...``.

The parent holds the other end of a pipe. The kernel closes it with the parent, also after a SIGKILL, on every system.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

_GRACE_SECONDS = 3.0


def _end_with_parent(descriptor: int) -> None:
    os.read(descriptor, 1)  # returns when the parent is gone, which never writes
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_SECONDS)
    os._exit(1)


def main() -> None:
    """Run uvicorn with the arguments after the pipe's file descriptor."""
    descriptor = int(sys.argv.pop(1))
    threading.Thread(target=_end_with_parent, args=(descriptor,), daemon=True).start()
    from uvicorn.main import main as run_server  # noqa: PLC0415 - the parent may be gone before it is imported

    run_server()


if __name__ == "__main__":
    main()
