"""Mute the loggers of the channels' libraries: at debug level they log URLs that are secrets."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_LIBRARIES = ("apprise", "slack_sdk", "aiohttp", "urllib3", "requests")
# Loggers that their libraries create only when the first message is sent.
_LAZY = ("slack_sdk.webhook.async_client", "slack_sdk.http_retry", "aiohttp.client", "urllib3.connectionpool")
_muted: ContextVar[bool] = ContextVar("muted", default=False)


class _MuteFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not _muted.get()


_FILTER = _MuteFilter()


@contextmanager
def muted_loggers() -> Iterator[None]:
    """Drop the log records of those libraries inside the block, in this task or thread only."""
    # A filter on a logger does not apply to its children, and imports add loggers: so filter each, each time.
    for name in [*_LIBRARIES, *_LAZY, *logging.root.manager.loggerDict]:
        if name.partition(".")[0] in _LIBRARIES:
            logging.getLogger(name).addFilter(_FILTER)
    token = _muted.set(True)
    try:
        yield
    finally:
        _muted.reset(token)
