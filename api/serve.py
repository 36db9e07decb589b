"""Serve the API with uvicorn, with limits, until the process is told to end."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.http_protocol import BoundedHeaders
from api.middleware.unexpected_errors import LOGGER
from api.settings import read_api_settings
from tasks.errors import SettingsError
from tasks.outside_text import displayable

# What is under way when the server ends has this long.
_GRACE_SECONDS = 30
_KEEP_ALIVE_SECONDS = 15
_BACKLOG = 512


class _Server(uvicorn.Server):
    """A server that tells when it listens."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        if self.started:
            # Prefect and polars leave very many objects behind. Without this the collector would look at all of them
            # again and again while requests wait.
            gc.collect()
            gc.freeze()
            self._on_start()


def serve(host: str, port: int, on_start: Callable[[], None]) -> None:
    """Serve the API of the settings.

    Args:
        host: Address to listen at.
        port: Port to listen at.
        on_start: Called when it listens.

    Raises:
        SettingsError: a setting is invalid, there is no user, a password hash is damaged, or the port is taken.
        PrefectUnreachable: the block with the users cannot be read.
    """
    settings = asyncio.run(read_api_settings())
    _ensure_free(host, port)
    run_server(create_app(settings), on_start, host=host, port=port)


def _ensure_free(host: str, port: int) -> None:
    """Raise SettingsError if the API cannot listen there; uvicorn would end with an exit code that means another thing."""
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except socket.gaierror:
        raise SettingsError(
            f"The host {displayable(host)} cannot be resolved.",
            "Give an address of this machine with --host, such as 127.0.0.1.",
            setting="host",
        ) from None
    except OSError as error:
        raise unusable_port(port, error) from None


def unusable_port(port: int, error: OSError) -> SettingsError:
    """Return the error for a port that cannot be bound."""
    return SettingsError(
        f"Port {port} cannot be used: {os.strerror(error.errno or 0)}.",
        "Stop what listens there, or choose another with --port.",
        setting="port",
    )


def run_server(
    app: FastAPI,
    on_start: Callable[[], None],
    listener: socket.socket | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
) -> None:
    """Serve an app until the process is told to end.

    Args:
        app: The app.
        on_start: Called when it listens.
        listener: A bound socket to listen at; None to listen at ``host`` and ``port``.
        host: Address to listen at.
        port: Port to listen at.
    """
    show_errors()
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        http=BoundedHeaders,
        # Behind a proxy every request would seem to come from it; its headers count only if uvicorn is told to trust it.
        proxy_headers=False,
        ws="none",
    )
    _Server(config, on_start).run(sockets=[listener] if listener else None)


def show_errors() -> None:
    """Write the API's log to standard error: Prefect's console, which has the rest, is silent for commands."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOGGER.addHandler(handler)
    LOGGER.propagate = False
