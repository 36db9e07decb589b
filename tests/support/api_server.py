"""The API on a loopback port, by uvicorn in a thread, and clients that ask it."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.http_protocol import BoundedHeaders
from api.passwords import hash_password
from api.settings import ApiSettings
from blocks.user_list import ApiUser

# Outside ASCII, as the fact sheet of HTTP Basic in FastAPI asks.
PASSWORD = "p\u00e4ss w\u00f6rd \u00a3:1"
USERS = (
    ApiUser("ann", "operator", hash_password(PASSWORD)),
    ApiUser("victor", "viewer", hash_password(PASSWORD)),
)


def basic(name: str, password: str = PASSWORD) -> httpx.BasicAuth:
    """Credentials in UTF-8."""
    return httpx.BasicAuth(name.encode(), password.encode())


class ApiServer:
    """A running API.

    Attributes:
        app: The application.
        url: Its address.
        operator: A client of the operator ann.
        viewer: A client of the viewer victor.
        anyone: A client without credentials.
    """

    def __init__(self, app: FastAPI, url: str) -> None:
        self.app = app
        self.url = url
        self.operator, self.viewer = (
            httpx.Client(base_url=url, auth=basic(user.name), timeout=60) for user in USERS
        )
        self.anyone = httpx.Client(base_url=url, timeout=60)

    def close(self) -> None:
        """Close the clients."""
        for client in (self.operator, self.viewer, self.anyone):
            client.close()


@contextmanager
def serving(app: FastAPI | None = None) -> Iterator[ApiServer]:
    """Serve the app, by default one for ``USERS`` and the warehouse of the environment, on a free port."""
    app = app or create_app(ApiSettings(USERS))
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="error", server_header=False, http=BoundedHeaders
    )
    server = uvicorn.Server(config)
    # With the context: a test may have set the address of a Prefect server in it.
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(server.run,), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    running = ApiServer(app, f"http://127.0.0.1:{port}")
    try:
        yield running
    finally:
        running.close()
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive(), "the server did not end"
