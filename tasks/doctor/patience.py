"""Calls that may hang, such as one to a name server or a network drive, with a time limit that bites."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


async def within(seconds: float, blocking: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What ``blocking`` returns or raises. Raises TimeoutError if that takes longer.

    It runs in a daemon thread: one of asyncio's own pool would be waited for at the end of the process.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[R] = loop.create_future()

    def settle(result: R | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # it is an R where there is no error

    def work() -> None:
        outcome: tuple[R | None, BaseException | None]
        try:
            outcome = (blocking(*args, **kwargs), None)
        except Exception as error:  # noqa: BLE001 - handed on to who waits
            outcome = (None, error)
        # The loop may be gone by then, and nobody waits any more.
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=work, daemon=True, name=f"within-{seconds:g}s").start()
    async with asyncio.timeout(seconds):
        return await done
