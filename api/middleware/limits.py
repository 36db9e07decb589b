"""Limits of a request's size, and of the requests at a time."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import ProblemResponse
from api.settings import ApiSettings

# The answer to "does it live?" costs nothing, and who asks would restart a server that only has much to do.
ALWAYS_ANSWERED = "/api/v1/health"


class RequestSizeLimit:
    """Refuses a body above the limit: by its announced length, else when that many bytes have come."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = _settings_of(scope).body_bytes
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            await ProblemResponse(413, *_too_large(limit))(scope, receive, send)
            return
        arrived = 0

        async def receive_counting() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > limit:
                # FastAPI passes this one on; it takes any other for a body that cannot be read.
                raise HTTPException(413, " ".join(_too_large(limit)))
            return message

        await self.app(scope, receive_counting, send)


def _too_large(limit: int) -> tuple[str, str]:
    return f"The body is larger than {limit // 1024:,} kB.", "Send less, or raise RETAIL_API_BODY_KB."


class ConcurrencyLimit:
    """Turns requests away while too many are worked on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._at_work = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["path"] == ALWAYS_ANSWERED:
            await self.app(scope, receive, send)
            return
        limit = _settings_of(scope).requests
        if self._at_work >= limit:
            response = ProblemResponse(
                503,
                f"The server works on {limit:,} requests already.",
                "Try again in a second, or raise RETAIL_API_REQUESTS.",
                headers={"Retry-After": "1"},
            )
            await response(scope, receive, send)
            return
        self._at_work += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._at_work -= 1


def _settings_of(scope: Scope) -> ApiSettings:
    app: FastAPI = scope["app"]
    limits: ApiSettings = app.state.retail.settings
    return limits
