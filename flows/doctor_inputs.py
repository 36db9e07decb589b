"""What the doctor looks at, from the settings and blocks; what is wrong with those is a finding already."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from importlib.metadata import version
from typing import TypeVar
from urllib.parse import urlsplit

from blocks import lookup
from blocks.settings_sources import Resolved, Settings, resolve_collecting_errors
from tasks.alerts.policy import Channel
from tasks.doctor.channels import Host
from tasks.doctor.examine import DoctorInputs
from tasks.doctor.finding import Finding, Status, from_error, from_unexpected_error, ok, problem, warning
from tasks.doctor.prefect_server import PrefectServer
from tasks.errors import RetailError
from tasks.postgres.connect import ConnectionSettings

T = TypeVar("T")
_BLOCK_SECONDS = 10.0
# A server of the run's own that reads the block, or an embedded Postgres that is made: both start first.
_START_SECONDS = 45.0


async def gather_inputs(warehouse: str = "", alerts: str = "", *, send_test: bool = False) -> DoctorInputs:
    """The subjects of an examination. Raises nothing for settings that are wrong."""
    resolved, faults = resolve_collecting_errors()
    prefect, found = _prefect_server()
    found = [*(from_error("settings", fault) for fault in faults), *found]
    if not faults:
        found.append(ok("settings", _settings_in_words(resolved)))
    starts = prefect is None or prefect.api_url is None
    seconds = _START_SECONDS if starts else _BLOCK_SECONDS
    (address, more), (told, untold) = await asyncio.gather(
        _warehouse(warehouse, resolved, seconds),
        _or_finding("alerts", "the channels", _channels(alerts, resolved), seconds),
    )
    # Alerts that cannot be sent stop no run.
    untold = [replace(one, status=Status.WARNING) for one in untold]
    if not (alerts or resolved.settings.retail_alerts):
        more = [*more, *_switched_off(resolved.settings)]
    return DoctorInputs(
        warehouse=address,
        workspace=resolved.settings.workspace,
        prefect=prefect,
        analyst_roles=resolved.settings.retail_analyst_roles,
        findings=(*found, *more),
        channels=untold if told is None else told[0],
        hosts={} if told is None else told[1],
        send_test=send_test,
    )


def _switched_off(settings: Settings) -> list[Finding]:
    """A warning for each channel that has its address but not its switch: somebody thinks to be told."""
    channels = (
        ("PIPELINE_SLACK_WEBHOOK_URL", settings.pipeline_slack_webhook_url, "PIPELINE_SLACK_NOTIFICATIONS"),
        ("PIPELINE_EMAIL_RECIPIENTS", settings.pipeline_email_recipients, "PIPELINE_EMAIL_ALERTS"),
    )
    return [
        warning(
            "alerts",
            f"{address} is set, but {switch} is off: nobody is told that way.",
            f"Set {switch}=true.",
        )
        for address, value, switch in channels
        if value and not getattr(settings, switch.lower())
    ]


def _settings_in_words(resolved: Resolved) -> str:
    origins = [origin for _, _, origin in resolved.rows if origin != "default"]
    if not origins:
        return "every one has its default"
    counted = ", ".join(f"{origins.count(origin)} from {origin}" for origin in dict.fromkeys(origins))
    return f"{counted}; the rest have their defaults"


async def _warehouse(
    name: str, resolved: Resolved, seconds: float
) -> tuple[ConnectionSettings | None, list[Finding]]:
    """The address, or the finding that says why there is none."""
    named = name or resolved.settings.retail_warehouse
    what = f"the block {named!r}" if named and named != lookup.EMBEDDED else "the address"
    return await _or_finding("way in", what, lookup.warehouse_settings(name, resolved), seconds)


async def _or_finding(
    check: str, what: str, work: Awaitable[T], seconds: float
) -> tuple[T | None, list[Finding]]:
    try:
        async with asyncio.timeout(seconds):
            return await work, []
    except RetailError as error:
        return None, [from_error(check, error)]
    except TimeoutError:
        return None, [
            problem(check, f"{what} could not be read within {seconds:g} s.", "Is Prefect's server well?")
        ]
    except Exception as error:  # noqa: BLE001 - Prefect's and its libraries' own, whose text may hold a secret
        surprise = from_unexpected_error(
            check, error, "If it is a block: check Prefect's server, then save the block again."
        )
        return None, [Finding(check, Status.PROBLEM, f"{what} {surprise.what}", surprise.fix)]


async def _channels(name: str, resolved: Resolved) -> tuple[tuple[Channel, ...], dict[str, Host]]:
    """The channels, and the hosts of those that have one of their own."""
    block = await lookup.alerts_block(name, resolved)
    if block is None:
        return (), {}
    hosts: dict[str, Host] = {}
    if block.slack is not None:
        parts = urlsplit(block.slack.url.get_secret_value())
        hosts["slack"] = (parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443))
    if block.email is not None:
        server, kind = (
            getattr(one, "value", one) for one in (block.email.smtp_server, block.email.smtp_type)
        )
        hosts["email"] = (str(server), int(block.email.smtp_port or kind))
    return block.policy().channels, hosts


def _prefect_server() -> tuple[PrefectServer | None, list[Finding]]:
    try:
        from prefect.settings import get_current_settings  # noqa: PLC0415 - it reads its settings on import

        api_url = get_current_settings().api.url
    except Exception as error:  # noqa: BLE001 - a profile that cannot be read, in whatever way
        fix = "Correct Prefect's settings: prefect config view, or the variables PREFECT_…"
        surprise = from_unexpected_error("Prefect", error, fix)
        return None, [Finding("Prefect", Status.PROBLEM, f"its settings {surprise.what}", fix)]
    return PrefectServer(api_url, version("prefect"), _ask_version), []


async def _ask_version() -> str:
    """The version of Prefect's server; empty for Prefect Cloud, which fits every client."""
    from prefect.client.base import ServerType  # noqa: PLC0415 - as above
    from prefect.client.orchestration import get_client  # noqa: PLC0415

    async with get_client() as client:
        if client.server_type == ServerType.CLOUD:
            error = await client.api_healthcheck()
            if error is not None:
                raise error
            return ""
        return await client.api_version()
