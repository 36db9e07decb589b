"""Who was told of what, in Prefect Variables: the warehouse may be what is down.

One Variable a cause, made without overwriting, so that of two processes one wins. The one that was read before is
deleted by its id, so that no newer one goes with it. It is deleted when the cause is gone.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import VariableCreate
from prefect.exceptions import ObjectAlreadyExists, PrefectException

from tasks.alerts.store import OpenAlert
from tasks.errors import AlertStoreUnreachable

_PREFIX = "retail_alert"
_SECONDS = 10.0
_GONE = 404


class VariableAlertStore:
    """The memory of alerts in Prefect Variables."""

    async def open_alerts(self, subject: str) -> tuple[OpenAlert, ...]:
        """The alerts of this subject that have not recovered. Raises AlertMemoryUnreachable."""
        name = f"{_PREFIX}_{_short(subject)}_"
        async with _prefect() as client:
            answer = await client.request(
                "POST", "/variables/filter", json={"variables": {"name": {"like_": name}}, "limit": 200}
            )
            found = answer.json()
        told = []
        for one in found:
            try:
                told.append(OpenAlert.from_json(one["value"], one["id"]))
            except ValueError:  # somebody edited it: as if nobody had been told
                continue
        return tuple(one for one in told if one.subject == subject)

    async def put_if_absent(self, told: OpenAlert, instead_of: OpenAlert | None) -> bool:
        """Keep ``told`` in place of what was read before; False if another process was faster."""
        if instead_of is not None:
            await self.close(instead_of)  # whoever deletes it: one of those who then make it anew wins
        by = uuid4().hex
        async with _prefect() as client:
            try:
                value = told.to_json() | {"by": by}
                await client.create_variable(VariableCreate(name=_name(told), value=value))
            except ObjectAlreadyExists:
                # It may be this one: the client asks again when Prefect did it, but could not say so.
                found = await client.read_variable_by_name(_name(told))
                return found is not None and isinstance(found.value, dict) and found.value.get("by") == by
        return True

    async def close(self, told: OpenAlert) -> bool:
        """Delete it; False if it was gone already."""
        async with _prefect() as client:
            try:
                if told.key:
                    await client.request("DELETE", "/variables/{id}", path_params={"id": told.key})
                else:
                    await client.request(
                        "DELETE", "/variables/name/{name}", path_params={"name": _name(told)}
                    )
            except httpx.HTTPStatusError as error:
                if error.response.status_code == _GONE:
                    return False
                raise
        return True


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _name(told: OpenAlert) -> str:
    return f"{_PREFIX}_{_short(told.subject)}_{_short(told.cause)}"


@asynccontextmanager
async def _prefect() -> AsyncIterator[PrefectClient]:
    """Prefect's client within a time limit; whatever goes wrong raises AlertMemoryUnreachable."""
    try:
        async with asyncio.timeout(_SECONDS), get_client() as client:
            yield client
    except (httpx.HTTPError, PrefectException, OSError, TimeoutError, RuntimeError) as error:
        raise AlertStoreUnreachable(
            f"Prefect could not be asked who was told of what ({type(error).__name__})."
        ) from None
