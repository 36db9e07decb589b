"""A problem as a page, where a browser asks for one. The API answers with JSON whoever asks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.pages.site import page
from api.problems import MEDIA_TYPE

_NOT_PAGES = ("/api/", "/metrics", "/openapi.json")


class ProblemPages:
    """Passes answers on; a problem becomes HTML with the same status and headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or not _is_page(scope):
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def send_problem_as_page(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                if Headers(raw=message["headers"]).get("content-type") == MEDIA_TYPE:
                    start = message
                    return
            elif start is not None:
                body += message.get("body", b"")
                if message.get("more_body"):
                    return
                content = _page(start["status"], body)
                headers = MutableHeaders(raw=[*start["headers"]])
                headers["content-type"] = "text/html; charset=utf-8"
                headers["content-length"] = str(len(content))
                headers["vary"] = "accept"
                begun, start = {**start, "headers": headers.raw}, None
                await send(begun)
                message = {**message, "body": b"" if scope["method"] == "HEAD" else content}
            await send(message)

        await self.app(scope, receive, send_problem_as_page)


def _is_page(scope: Scope) -> bool:
    path: str = scope["path"]
    return not path.startswith(_NOT_PAGES) and prefers_html(Headers(scope=scope).get("accept", ""))


def prefers_html(accept: str) -> bool:
    """Return whether an Accept header names HTML, and JSON not before it."""
    weights: dict[str, float] = {}
    for part in accept.split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        weights[kind.lower()] = float(quality) if re.fullmatch(r"[01](\.\d{0,3})?", quality) else 0.0
    html = weights.get("text/html", 0.0)
    return html > max(0.0, *(weights.get(kind, 0.0) for kind in (MEDIA_TYPE, "application/json")))


def _page(status: int, body: bytes) -> bytes:
    # HEAD has no body to read; its length is not that of GET then, as it may be.
    problem: Mapping[str, Any] = json.loads(body) if body else {"detail": "", "status": status}
    shown = {"next_step": "", "errors": None, "instance": None, **problem}
    return bytes(page("problem.html", "", HTTPStatus(status).phrase, problem=shown).body)
