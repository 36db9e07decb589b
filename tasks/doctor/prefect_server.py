"""The Prefect server: whether one is configured, answers, and is compatible with this client's version."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tasks.doctor.finding import Finding, ok, problem, warning

_CHECK = "Prefect"
_SECONDS = 10.0
_DEPLOYMENTS = (
    "For deployments, schedules and blocks, start a server (prefect server start) and set PREFECT_API_URL."
)


@dataclass(frozen=True)
class PrefectServer:
    """The configured server: the API's URL, or None for ephemeral mode.

    ``ask`` returns the server's version, empty for Prefect Cloud, or raises. ``home`` is Prefect's folder on this
    machine.
    """

    api_url: str | None
    client_version: str
    ask: Callable[[], Awaitable[str]]
    home: Path | None = None


async def examine_prefect(server: PrefectServer) -> list[Finding]:
    """Check that the server answers, and that its version is compatible with this client."""
    if server.api_url is None:
        what = f"{server.client_version}, ephemeral mode: each run starts its own server (5 to 10 s)"
        return [ok(_CHECK, what, _DEPLOYMENTS)]
    address = _without_credentials(server.api_url)
    try:
        async with asyncio.timeout(_SECONDS):
            version = await server.ask()
    except TimeoutError:
        return [
            problem(_CHECK, f"{address} did not answer within {_SECONDS:g} s.", _how_to_fix(server.api_url))
        ]
    except Exception as error:  # noqa: BLE001 - whatever the error, the server is unusable
        return [_request_failure(address, error, server.api_url)]
    return [_compare_versions(address, version, server.client_version)]


def _compare_versions(address: str, version: str, client_version: str) -> Finding:
    if not version:
        return ok(_CHECK, f"{address} answers, client {client_version}")
    ours, theirs = client_version.split(".")[:2], version.split(".")[:2]
    what = f"{address} is version {version}, this client {client_version}"
    if ours[0] != theirs[0]:
        return problem(_CHECK, f"{what}: they are incompatible.", "Install the same major version.")
    if ours != theirs:
        return warning(_CHECK, f"{what}.", "Upgrade both to the same minor version, the server first.")
    return ok(_CHECK, what)


def _request_failure(address: str, error: Exception, api_url: str) -> Finding:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in {401, 403}:
        fix = "Set PREFECT_API_KEY (Cloud) or PREFECT_API_AUTH_STRING (self-hosted server), or log in again."
        return problem(_CHECK, f"{address} rejects this client's credentials ({status}).", fix)
    if status is not None:
        return problem(
            _CHECK, f"{address} answers with {status}.", "Check PREFECT_API_URL: it ends with /api."
        )
    if isinstance(error, ValueError):  # no JSON
        return problem(
            _CHECK,
            f"{address} answers, but not as Prefect does.",
            "Check PREFECT_API_URL: it ends with /api.",
        )
    return problem(_CHECK, f"{address} does not answer ({type(error).__name__}).", _how_to_fix(api_url))


def _how_to_fix(api_url: str) -> str:
    if "api.prefect.cloud" in api_url:
        return "Check this machine's network and proxy."
    return "Start it (prefect server start), or correct PREFECT_API_URL; prefect config view shows where it is set."


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
