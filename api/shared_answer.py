"""One question to the warehouse for all requests that wait for its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class SharedAnswer(Generic[Answer]):
    """Asks a question at most once at a time.

    Who comes while it is asked waits for the next time, so that no answer is older than the request that it goes to.
    Many clients that look at the same thing then cost the warehouse no more than two.
    """

    def __init__(self, question: Callable[[], Awaitable[Answer]]) -> None:
        self._question = question
        self._now: asyncio.Task[Answer] | None = None
        self._next: asyncio.Task[Answer] | None = None

    async def get(self) -> Answer:
        """Return an answer that was asked for after this call; a failed question fails for all who wait for it."""
        if self._next is None:
            self._next = asyncio.create_task(self._ask_after(self._now))
            # Everybody may have gone by then.
            self._next.add_done_callback(lambda task: task.cancelled() or task.exception())
        # Shielded: one client that goes does not end the question of the others.
        return await asyncio.shield(self._next)

    async def _ask_after(self, earlier: asyncio.Task[Answer] | None) -> Answer:
        if earlier is not None:
            await asyncio.wait([earlier])
        self._now, self._next = self._next, None
        return await self._question()
