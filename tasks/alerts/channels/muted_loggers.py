"""No word from the libraries that talk to the channels: at debug level they log addresses that are secrets."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_LIBRARIES = ("apprise", "slack_sdk", "aiohttp", "urllib3", "requests")
# Made by their libraries only while a message is sent.
_LATE = ("slack_sdk.webhook.async_client", "slack_sdk.http_retry", "aiohttp.client", "urllib3.connectionpool")
_silent: ContextVar[bool] = ContextVar("silent", default=False)


class _Mute(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not _silent.get()


_MUTE = _Mute()


@contextmanager
def muted_loggers() -> Iterator[None]:
    """Drop what those libraries log inside the block, in this task or thread only."""
    # A filter works on the logger itself, not on those below it; more of them appear as modules are imported.
    for name in [*_LIBRARIES, *_LATE, *logging.root.manager.loggerDict]:
        if name.partition(".")[0] in _LIBRARIES:
            logging.getLogger(name).addFilter(_MUTE)
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)
