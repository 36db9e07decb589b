"""Open alerts, kept in Prefect Variables so that they survive a warehouse outage.

One Variable per cause, created without overwriting, so that one of two processes wins. A Variable that was read before
is deleted by id, which spares a newer one of the same name. It is deleted when its cause is resolved.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import VariableCreate
from prefect.exceptions import ObjectAlreadyExists, PrefectException

from tasks.alerts.store import OpenAlert
from tasks.errors import AlertStoreUnreachable

_PREFIX = "retail_alert"
_SECONDS = 10.0
_NOT_FOUND = 404
_PAGE, _PAGES = 200, 25


class VariableAlertStore:
    """An AlertStore in Prefect Variables. Every method raises AlertStoreUnreachable if Prefect does not answer."""

    async def open_alerts(self, subject: str) -> tuple[OpenAlert, ...]:
        """Open alerts of a subject; of all subjects if it is empty."""
        prefix = f"{_PREFIX}_{_short_hash(subject)}_" if subject else f"{_PREFIX}_"
        variables: list[dict[str, Any]] = []
        async with _prefect_client() as client:
            for page in range(_PAGES):
                query = {"variables": {"name": {"like_": prefix}}, "limit": _PAGE, "offset": page * _PAGE}
                variables += (await client.request("POST", "/variables/filter", json=query)).json()
                if len(variables) < (page + 1) * _PAGE:
                    break
        alerts = []
        for variable in variables:
            try:
                alerts.append(OpenAlert.from_json(variable["value"], variable["id"]))
            except ValueError:  # edited by hand: treat its cause as new
                continue
        return tuple(alert for alert in alerts if subject in {"", alert.subject})

    async def put_if_absent(self, alert: OpenAlert, replaces: OpenAlert | None) -> bool:
        """Store ``alert`` in place of the one read before; False if another process was faster."""
        if replaces is not None:
            # Several processes may delete it; only one of them can then create the new one.
            await self.close(replaces)
        by = uuid4().hex
        async with _prefect_client() as client:
            try:
                value = alert.to_json() | {"by": by}
                await client.create_variable(VariableCreate(name=_name(alert), value=value))
            except ObjectAlreadyExists:
                # May be our own write: the client retries after a lost response.
                stored = await client.read_variable_by_name(_name(alert))
                return stored is not None and isinstance(stored.value, dict) and stored.value.get("by") == by
        return True

    async def close(self, alert: OpenAlert) -> bool:
        """Delete an open alert; False if it was already gone."""
        async with _prefect_client() as client:
            try:
                if alert.key:
                    await client.request("DELETE", "/variables/{id}", path_params={"id": alert.key})
                else:
                    await client.request(
                        "DELETE", "/variables/name/{name}", path_params={"name": _name(alert)}
                    )
            except httpx.HTTPStatusError as error:
                if error.response.status_code == _NOT_FOUND:
                    return False
                raise
        return True


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _name(alert: OpenAlert) -> str:
    return f"{_PREFIX}_{_short_hash(alert.subject)}_{_short_hash(alert.cause)}"


@asynccontextmanager
async def _prefect_client() -> AsyncIterator[PrefectClient]:
    """Prefect's client within a time limit; every failure becomes AlertStoreUnreachable."""
    try:
        async with asyncio.timeout(_SECONDS), get_client() as client:
            yield client
    except (httpx.HTTPError, PrefectException, OSError, TimeoutError, RuntimeError) as error:
        raise AlertStoreUnreachable(
            f"The open alerts in Prefect could not be read or written ({type(error).__name__})."
        ) from None
