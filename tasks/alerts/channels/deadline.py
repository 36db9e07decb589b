"""Blocking work within a time limit that really holds."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def run_in_daemon_thread(work: Callable[[threading.Event], T], seconds: float) -> T:
    """Run blocking work in a daemon thread. Raises TimeoutError when the time is up, or what the work raises.

    A thread cannot be ended. That of a pool would keep the interpreter from exiting while a server hangs; this
    one is left behind. The event it gets is set then, so that it does nothing more if the server comes back.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    abandoned = threading.Event()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # T itself may be None

    def run() -> None:
        result, error = None, None
        try:
            result = work(abandoned)
        except Exception as raised:  # noqa: BLE001 - handed to the waiting task
            error = raised
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, error)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name="alert", daemon=True).start()
    try:
        async with asyncio.timeout(seconds):
            return await done
    finally:
        abandoned.set()
