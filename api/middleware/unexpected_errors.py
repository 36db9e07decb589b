"""An unexpected error becomes a 500 that says nothing of it; the log has it under the id in the answer."""

from __future__ import annotations

import logging
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import ProblemResponse
from tasks.outside_text import displayable

LOGGER = logging.getLogger("retail.api")


class UnexpectedErrors:
    """Answers where nothing else did."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        has_begun = False

        async def send_noting_begin(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self.app(scope, receive, send_noting_begin)
        except (
            Exception
        ):  # the outermost place: whatever it is, the client gets an answer and the log the error
            instance = f"urn:uuid:{uuid4()}"
            LOGGER.exception("%s: %s %s", instance, scope["method"], displayable(scope["path"]))
            if has_begun:
                raise
            response = ProblemResponse(
                500,
                "An unexpected error.",
                "Look for the instance in the server's log.",
                members={"instance": instance},
            )
            await response(scope, receive, send)
