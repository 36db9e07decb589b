"""OpenLineage over HTTP: Marquez, DataHub, OpenMetadata, and whatever else takes the specification's events.

The client's own defaults would lose events or wait long: a base path without a final slash is cut off, a redirect
turns the POST into a GET whose answer counts as success, a dead server is tried for 9 s, and Retry-After is obeyed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests
from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport, TokenProvider

from tasks.alerts.channels.muted_loggers import muted_loggers
from tasks.report.lineage.sinks.sink import SECONDS, LineageNotDelivered
from tasks.report.lineage.targets import HttpTarget

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

_RETRY = {
    "total": 1,
    "backoff_factor": 0.1,
    "status_forcelist": [500, 502, 503, 504],
    "allowed_methods": ["POST"],
    "raise_on_status": False,
    "respect_retry_after_header": False,
}


class HttpSink:
    """A server that receives OpenLineage over HTTP."""

    name = HttpTarget.name

    def __init__(self, target: HttpTarget) -> None:
        session = requests.Session()
        session.max_redirects = 0
        session.stream = True  # the answer is not read: it may have no end
        session.auth = _unchanged  # else a password of ~/.netrc replaces the key
        key = target.api_key.get_secret_value() if target.api_key else ""
        self._transport = HttpTransport(
            HttpConfig(
                url=f"{target.url.rstrip('/')}/",
                endpoint=target.endpoint.lstrip("/"),
                timeout=SECONDS,
                auth=ApiKeyTokenProvider({"apiKey": key}) if key else TokenProvider({}),
                session=session,
                retry=_RETRY,
            )
        )

    def send(self, event: RunEvent) -> None:
        """Post the event, see ``LineageSink.send``."""
        failure = ""
        with muted_loggers():
            try:
                self._transport.emit(event)
            except requests.TooManyRedirects:
                failure = "it redirects, and a redirected event is lost"
            except requests.HTTPError as error:
                failure = f"it answers HTTP {error.response.status_code if error.response is not None else 0}"
            except requests.Timeout:
                failure = f"no answer within {SECONDS:g} s"
            except Exception as error:  # noqa: BLE001 - its text may hold the address with what is in it
                failure = f"it cannot be reached ({type(error).__name__})"
        if failure:
            raise LineageNotDelivered(
                f"{failure}.",
                "Check OPENLINEAGE_URL, OPENLINEAGE_ENDPOINT and OPENLINEAGE_API_KEY.",
                sink=self.name,
            )

    def close(self) -> None:
        """Release connections."""
        self._transport.close()


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
