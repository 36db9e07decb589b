"""Blocking work with a time limit that holds even if the work hangs."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def run_in_daemon_thread(work: Callable[[threading.Event], T], seconds: float) -> T:
    """Run blocking work in a daemon thread and return its result.

    A thread cannot be killed, and a hanging pool thread would keep the interpreter from exiting; a daemon thread is
    left behind. ``work`` gets an event that is set on time-out, so that it stops if the server answers later.

    Raises:
        TimeoutError: The work did not end within ``seconds``.
        Exception: Whatever ``work`` raises.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    abandoned = threading.Event()

    def set_outcome(result: T | None, error: BaseException | None) -> None:
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
        except Exception as raised:  # noqa: BLE001 - re-raised in the waiting task
            error = raised
        with suppress(RuntimeError):  # the loop is closed: nobody is waiting
            loop.call_soon_threadsafe(set_outcome, result, error)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name="alert", daemon=True).start()
    try:
        async with asyncio.timeout(seconds):
            return await done
    finally:
        abandoned.set()
