"""``retail api --demo``: the API on the embedded Postgres with the bundled data, a vault and keys of its own.

Its user and password are known to everybody, so it listens on loopback only and answers no other host name.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import create_app
from api.passwords import hash_password
from api.problems import ProblemResponse
from api.serve import run_server, unusable_port
from api.settings import ApiSettings
from api.work.operations import LOAD
from api.work.outcome import RunReader
from api.work.start_work import Work
from blocks import lookup
from blocks.lookup import EMBEDDED
from blocks.settings_sources import resolve, set_command_line
from blocks.user_list import ApiUser
from flows.demo import BUNDLED
from tasks import ownership, progress
from tasks.backup.keys.local_identity import local_identity
from tasks.errors import RetailError, SettingsError
from tasks.postgres.pool import QueryPool
from tasks.warehouse.migrate import migrate

USER, PASSWORD = "admin", "password"
_LOAD_SECONDS = 3600.0
_HAS_SCHEMA = "select to_regclass('retail_dwh.fact_sale') is not null as answer"
_HAS_LINES = "select exists (select from retail_dwh.fact_sale) as answer"


def serve_demo(listener: socket.socket, on_start: Callable[[], None]) -> int:
    """Serve the warehouse of ``load_bundled`` until the process is told to stop.

    Args:
        listener: The socket of ``bind``.
        on_start: Called when it listens.

    Returns:
        The exit code.

    Raises:
        SettingsError: the extra ``backup`` is not installed.
        UntrustedPath: another user can change the data folder.
    """
    run_server(create_demo(prepare(resolve().settings.data_dir)), on_start, listener)
    return 0


def load_bundled() -> None:
    """Load the bundled data if the embedded warehouse is empty, and upgrade its schema if it is not.

    Raises:
        EmbeddedServerError: the embedded Postgres cannot start.
        RetailError: the load failed.
    """
    asyncio.run(_load())


def bind(host: str, port: int) -> socket.socket:
    """Take the port before anything is loaded. It refuses connections until the server listens.

    Raises:
        SettingsError: the host is no loopback address, or the port is taken.
    """
    address = "127.0.0.1" if host == "localhost" else host
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        parsed = None
    if parsed is None or not parsed.is_loopback:
        raise SettingsError(
            "The demo has a password that everybody knows, so it serves this machine only.",
            "Leave --host out, or start the API without --demo and with users of its own.",
            setting="host",
        )
    # With the protocol named: asyncio switches Nagle's algorithm off only for connections of such a socket, and it would
    # hold the body of every answer back for 40 ms, until the client has acknowledged the headers.
    family = socket.AF_INET6 if parsed.version == 6 else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
    except OSError as error:
        listener.close()
        raise unusable_port(port, error) from None
    return listener


def prepare(data_dir: Path) -> ApiSettings:
    """Make the demo's vault and key in the data folder, select them for this process, and return its settings.

    Raises:
        SettingsError: the extra ``backup`` is not installed, or the key file is none.
        UntrustedPath: another user can change the folder.
    """
    folder = data_dir / "demo"
    ownership.make_folder(folder, "RETAIL_DATA_DIR", "set RETAIL_DATA_DIR to another folder")
    identity = folder / "backup-identity.txt"
    set_command_line(
        {
            "retail_vault": f"{folder / 'vault'}/",
            "retail_vault_recipients": (local_identity(identity),),
            "retail_vault_identity": str(identity),
        }
    )
    admin = ApiUser(USER, "operator", hash_password(PASSWORD))
    # The demo never touches somebody's real warehouse, nor a worker of theirs.
    return ApiSettings((admin,), warehouse=EMBEDDED, deployments=False)


def create_demo(settings: ApiSettings) -> FastAPI:
    """Make the application of the demo."""
    app = create_app(settings)
    app.add_middleware(LoopbackNames)
    return app


class LoopbackNames:
    """Turns away requests for another host name: a web site could have its own name lead here."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http" and not _is_loopback(Headers(scope=scope).get("host", "")):
            problem = ProblemResponse(
                403, "The demo answers this machine only.", "Ask at http://localhost, with the demo's port."
            )
            await problem(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _is_loopback(host: str) -> bool:
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    try:
        return name == "localhost" or ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


async def _load() -> None:
    warehouse = await lookup.warehouse_settings(EMBEDDED, resolve())
    async with QueryPool(warehouse) as pool:
        has_schema = (await pool.fetch(_HAS_SCHEMA))[0]["answer"]
        if has_schema and (await pool.fetch(_HAS_LINES))[0]["answer"]:
            await migrate(warehouse)  # an earlier release may have loaded them
            return
        async with Work(pool, place="process") as work:
            progress.report("api.loading", "541,909 bundled lines")
            given = {"warehouse": EMBEDDED, "sources": [str(BUNDLED)], "retry_delay_seconds": 5.0}
            started = await work.start(LOAD, given)
            run = await RunReader(pool, work.prefect).wait(started.run, _LOAD_SECONDS, _never)
    if run.state != "completed":
        raise RetailError(f"The bundled data was not loaded: {run.message or run.state}")


async def _never() -> bool:
    return False
