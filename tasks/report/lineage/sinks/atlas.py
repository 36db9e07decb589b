"""Apache Atlas, through the bulk endpoint of its v2 API.

Its own client for Python sends a null for every attribute that is not set, which may clear what others wrote, and
has no time limit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from tasks.report.lineage.sinks.atlas_entities import entities_of
from tasks.report.lineage.sinks.sink import SECONDS, LineageNotDelivered
from tasks.report.lineage.targets import AtlasTarget

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

_PATH = "/api/atlas/v2/entity/bulk"


class AtlasSink:
    """An Apache Atlas, which gets the datasets and the job of every event that has some."""

    name = AtlasTarget.name

    def __init__(self, target: AtlasTarget) -> None:
        password = target.password.get_secret_value() if target.password else ""
        self._cluster = target.cluster
        self._url = f"{target.url.rstrip('/')}{_PATH}"
        # Without a user too: else a password of ~/.netrc is sent.
        auth = httpx.BasicAuth(target.user, password) if target.user else httpx.Auth()
        self._client = httpx.Client(timeout=SECONDS, follow_redirects=False, auth=auth)

    def send(self, event: RunEvent) -> None:
        """Create or update the entities of the event, see ``LineageSink.send``."""
        entities = entities_of(event, self._cluster)
        if not entities:
            return
        failure = ""
        try:
            # The answer is not read: it may have no end.
            with self._client.stream("POST", self._url, json={"entities": entities}) as answer:
                if not answer.is_success:
                    failure = f"it answers HTTP {answer.status_code}"
        except httpx.TimeoutException:
            failure = f"no answer within {SECONDS:g} s"
        except httpx.HTTPError as error:
            failure = f"it cannot be reached ({type(error).__name__})"
        if failure:
            raise LineageNotDelivered(
                f"{failure}.",
                "Check RETAIL_ATLAS_URL, RETAIL_ATLAS_USER and RETAIL_ATLAS_PASSWORD.",
                sink=self.name,
            )

    def close(self) -> None:
        """Release connections."""
        self._client.close()
