"""Requests with an idempotency key, remembered in ``retail_ops.api_request`` with the run that each started."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.work.errors import KeyReused
from tasks.postgres.pool import QueryPool
from tasks.postgres.queries import sql

RETENTION_DAYS = 7


@dataclass(frozen=True)
class RequestKey:
    """An idempotency key, which counts for one endpoint and one user.

    Attributes:
        endpoint: Method and path of the endpoint.
        user: Who sent the request.
        key: The caller's key.
        parameters: All that the request asks for, as JSON values.
    """

    endpoint: str
    user: str
    key: str
    parameters: Mapping[str, Any]

    @property
    def request_hash(self) -> str:
        """Hash of what the request asks for."""
        return _hash(self.parameters)

    @property
    def key_hash(self) -> str:
        """Hash of the caller's key."""
        return _hash(self.key)

    def for_prefect(self, target: str) -> str:
        """The key that Prefect gets, where a key counts for a whole flow and for ever.

        Args:
            target: Id of the deployment, or the place where the run is to be.
        """
        return _hash([target, self.endpoint, self.user, self.key, self.request_hash])


async def claim(pool: QueryPool, request: RequestKey) -> UUID | None:
    """Remember a request; return the run of an earlier one with this key, None if there is none yet.

    Two requests at once can both get None: Prefect's key, made of the same values, then gives both the same run.

    Raises:
        KeyReused: the key was sent before, with other parameters.
    """
    rows = await pool.fetch(
        sql("claim_request", "api"),
        request.endpoint,
        request.user,
        request.key_hash,
        request.request_hash,
        RETENTION_DAYS,
    )
    if rows[0]["request_sha256"] != request.request_hash:
        raise KeyReused(
            "the Idempotency-Key was sent before, with other parameters.",
            "Send a new key for another request, or the same parameters for the same one.",
        )
    run: UUID | None = rows[0]["flow_run_id"]
    return run


async def remember(pool: QueryPool, request: RequestKey, run: UUID) -> None:
    """Record the run that a request started."""
    await pool.fetch(sql("update_request_run", "api"), request.endpoint, request.user, request.key_hash, run)


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
