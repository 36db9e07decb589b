"""``retail warehouse``: the embedded Postgres."""

from __future__ import annotations

import os

from cyclopts import App

from flows.cli.common import guarded

app = App(name="warehouse", help="Start, stop or look at the embedded Postgres.")


def _choose(data_dir: str | None) -> None:
    if data_dir:
        os.environ["RETAIL_DATA_DIR"] = data_dir


@app.command
def start(*, data_dir: str | None = None) -> int:
    """Start the embedded Postgres and tell how to reach it.

    Parameters
    ----------
    data_dir
        Folder of the embedded Postgres.
    """

    def command() -> int:
        from tasks.warehouse.embedded import EmbeddedServer

        _choose(data_dir)
        print(f"running: {EmbeddedServer().start().display}")
        return 0

    return guarded(command)


@app.command
def stop(*, data_dir: str | None = None) -> int:
    """Stop the embedded Postgres; its data stays.

    Parameters
    ----------
    data_dir
        Folder of the embedded Postgres.
    """

    def command() -> int:
        from tasks.warehouse.embedded import EmbeddedServer

        _choose(data_dir)
        print("stopped" if EmbeddedServer().stop() else "was not running")
        return 0

    return guarded(command)


@app.command
def status(*, data_dir: str | None = None) -> int:
    """Tell whether the embedded Postgres runs, where its data is, and how to reach it.

    Parameters
    ----------
    data_dir
        Folder of the embedded Postgres.
    """

    def command() -> int:
        from tasks.warehouse.embedded import EmbeddedServer

        _choose(data_dir)
        server = EmbeddedServer()
        running = server.is_running()
        print("running" if running else "stopped")
        print(f"data     {server.folder}")
        print(f"address  {server.settings().display}")
        print(
            f"psql     {server.psql()} '{server.settings().display}'"
            if running
            else "start    retail warehouse start"
        )
        return 0

    return guarded(command)
