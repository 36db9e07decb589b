"""The interface of a sink: one system that is told of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tasks.errors import RetailError

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

# Of a request; the end of a run waits no longer than this for all of them together.
SECONDS = 2.0


class LineageNotDelivered(RetailError):
    """A sink did not take an event; no run fails because of it. Attribute: ``sink``."""

    subject = "sink"


class LineageSink(Protocol):
    """A system that is told of runs. It is used by one thread."""

    @property
    def name(self) -> str:
        """Its name, without secrets."""

    def send(self, event: RunEvent) -> None:
        """Send an event, within a time limit.

        Raises:
            LineageNotDelivered: It was not taken. The message holds no secret and no text of the server.
        """

    def close(self) -> None:
        """Release connections."""
