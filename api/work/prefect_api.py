"""Prefect's API, as the REST API asks it: within a time limit, and with a server of this process where none is set up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.settings import get_current_settings

from blocks.own_server import prepare_own_server
from tasks.errors import PrefectUnreachable

_SECONDS = 10.0
_START_SECONDS = 120


class PrefectApi:
    """Gives clients of Prefect's API."""

    def __init__(self) -> None:
        self._starting = asyncio.Lock()
        self._is_started = False

    @asynccontextmanager
    async def client(self, seconds: float = _SECONDS) -> AsyncIterator[PrefectClient]:
        """A client for the block, which may take ``seconds``.

        Raises:
            PrefectUnreachable: Prefect's API gives no answer, or none within the time.
        """
        await self.ensure_server()
        try:
            async with asyncio.timeout(seconds), get_client() as client:
                yield client
        except httpx.HTTPStatusError as error:
            address = get_current_settings().api.url or ""
            raise PrefectUnreachable(
                f"The Prefect API {address} answers {error.response.status_code}.",
                "Check its log, and PREFECT_API_KEY where it wants one.",
                api=address,
            ) from None
        except (httpx.TransportError, TimeoutError):
            raise PrefectUnreachable.at(get_current_settings().api.url or "") from None

    @property
    def has_server(self) -> bool:
        """Whether there is a server to ask: one that is set up, or that of this process if it has been started."""
        return bool(get_current_settings().api.url) or self._is_started

    async def ensure_server(self) -> None:
        """Start the server of this process if no other is set up, and again if it has died. See PrefectUnreachable."""
        if get_current_settings().api.url:
            return
        async with self._starting:
            try:
                await asyncio.to_thread(_start)
                self._is_started = True
            except (RuntimeError, httpx.HTTPError):
                raise PrefectUnreachable.at("") from None


def _start() -> None:
    from prefect.server.api.server import SubprocessASGIServer  # noqa: PLC0415 - two seconds, and only for this

    prepare_own_server()
    server = SubprocessASGIServer()
    if server.running and server.server_process is not None and server.server_process.poll() is not None:
        server.stop()
    server.start(timeout=_START_SECONDS)
