"""``retail warehouse``: the embedded Postgres."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from cyclopts import App

from flows.cli.exit_codes import program, with_exit_code

if TYPE_CHECKING:
    from tasks.postgres.embedded.server import EmbeddedServer

app = App(name="warehouse", help="Start, stop or inspect the embedded Postgres.")


def _server(data_dir: str | None) -> EmbeddedServer:
    from blocks.settings_sources import read_settings
    from tasks.postgres.embedded.server import EmbeddedServer

    if data_dir:
        os.environ["RETAIL_DATA_DIR"] = data_dir
    return EmbeddedServer(read_settings().data_dir)


@app.command
def start(*, data_dir: str | None = None) -> int:
    """Start the embedded Postgres and print its address.

    Parameters
    ----------
    data_dir
        Folder of the embedded Postgres.
    """

    def start_server() -> int:
        print(f"running: {_server(data_dir).start().display}")
        return 0

    return with_exit_code(start_server)


@app.command
def stop(*, data_dir: str | None = None) -> int:
    """Stop the embedded Postgres; its data stays.

    Parameters
    ----------
    data_dir
        Folder of the embedded Postgres.
    """

    def stop_server() -> int:
        print("stopped" if _server(data_dir).stop() else "was not running")
        return 0

    return with_exit_code(stop_server)


@app.command
def status(*, data_dir: str | None = None) -> int:
    """Show whether the embedded Postgres runs, its data folder and its address.

    Parameters
    ----------
    data_dir
        Folder of the embedded Postgres.
    """

    def print_status() -> int:
        from tasks.outside_text import displayable

        server = _server(data_dir)
        running = server.is_running()
        where = f" --data-dir {shlex.quote(data_dir)}" if data_dir else ""
        print("running" if running else "stopped")
        print(f"data     {displayable(server.folder)}")
        print(f"address  {server.settings().display}")
        print(
            f"psql     {server.psql()} '{server.settings().display}'"
            if running
            else f"start    {shlex.quote(program())} warehouse start{where}"
        )
        return 0

    return with_exit_code(print_status)
