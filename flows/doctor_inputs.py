"""Inputs of the doctor from settings and blocks; wrong settings and missing blocks become findings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from importlib.metadata import version
from typing import TypeVar
from urllib.parse import urlsplit

from blocks import lookup
from blocks.settings_sources import Resolved, Settings, resolve_collecting_errors
from flows.doctor_settings import examine_settings, without_channels
from tasks.alerts.channels.channel import Channel
from tasks.backup.vault.open import VaultAccess
from tasks.doctor.backups import BackupInputs
from tasks.doctor.channels import Host
from tasks.doctor.examine import DoctorInputs
from tasks.doctor.finding import Finding, Status, from_error, from_unexpected_error, ok, problem, warning
from tasks.doctor.prefect_server import PrefectServer
from tasks.errors import RetailError
from tasks.postgres.connect import ConnectionSettings

T = TypeVar("T")
_BLOCK_SECONDS = 10.0
# Allows for starting an ephemeral Prefect server or the embedded Postgres.
_START_SECONDS = 45.0


async def gather_inputs(warehouse: str = "", alerts: str = "", *, send_test: bool = False) -> DoctorInputs:
    """Read settings and blocks. Wrong settings become findings and raise nothing.

    Args:
        warehouse: Name of a SupabaseWarehouse block, or empty.
        alerts: Name of an Alerts block, or empty.
        send_test: Whether the doctor sends a test alert through each channel.
    """
    resolved, errors = resolve_collecting_errors()
    prefect, prefect_findings = _prefect_server()
    findings = [*(from_error("settings", error) for error in errors), *prefect_findings]
    findings = [*examine_settings(resolved), *findings]
    if not (errors or resolved.misspelled):
        findings.append(ok("settings", _describe_settings(resolved)))
    ephemeral = prefect is None or prefect.api_url is None
    seconds = _START_SECONDS if ephemeral else _BLOCK_SECONDS
    (
        (connection, warehouse_findings),
        (channels, channel_findings),
        (vault, vault_findings),
    ) = await asyncio.gather(
        _warehouse(warehouse, resolved, seconds),
        _or_finding("alerts", "the channels", _channels(alerts, resolved), seconds),
        _or_finding("vault", "the vault", _vault(resolved), seconds),
    )
    # Without a vault loads work all the same.
    findings += [
        *warehouse_findings,
        *(replace(finding, status=Status.WARNING) for finding in vault_findings),
    ]
    if not (alerts or resolved.settings.retail_alerts):
        findings += _switched_off(resolved.settings)
    return DoctorInputs(
        warehouse=connection,
        workspace=resolved.settings.workspace,
        prefect=prefect,
        analyst_roles=resolved.settings.retail_analyst_roles,
        findings=tuple(findings),
        # A broken channel stops no run, so its finding is only a warning.
        channels=[replace(finding, status=Status.WARNING) for finding in channel_findings]
        if channels is None
        else channels[0] or without_channels(alerts or resolved.settings.retail_alerts),
        hosts={} if channels is None else channels[1],
        send_test=send_test,
        tools_folder=resolved.settings.retail_postgres_bin,
        backups=BackupInputs(vault, resolved.settings.supabase_backup_enabled) if vault else None,
    )


async def _vault(resolved: Resolved) -> VaultAccess | None:
    if not resolved.settings.retail_vault:
        return None
    return await lookup.vault_settings("", resolved)


def _switched_off(settings: Settings) -> list[Finding]:
    """A warning for each channel that has its address set, but is switched off."""
    channels = (
        ("PIPELINE_SLACK_WEBHOOK_URL", settings.pipeline_slack_webhook_url, "PIPELINE_SLACK_NOTIFICATIONS"),
        ("PIPELINE_EMAIL_RECIPIENTS", settings.pipeline_email_recipients, "PIPELINE_EMAIL_ALERTS"),
    )
    return [
        warning(
            "alerts",
            f"{address} is set, but {switch} is off: no alerts are sent to it.",
            f"Set {switch}=true.",
        )
        for address, value, switch in channels
        if value and not getattr(settings, switch.lower())
    ]


def _describe_settings(resolved: Resolved) -> str:
    origins = [origin for _, _, origin in resolved.rows if origin != "default"]
    if not origins:
        return "all have their defaults"
    counted = ", ".join(f"{origins.count(origin)} from {origin}" for origin in dict.fromkeys(origins))
    return f"{counted}; the others have their defaults"


async def _warehouse(
    name: str, resolved: Resolved, seconds: float
) -> tuple[ConnectionSettings | None, list[Finding]]:
    """The connection settings, or a finding that says why there are none."""
    block = name or resolved.settings.retail_warehouse
    what = f"the block {block!r}" if block and block != lookup.EMBEDDED else "the address"
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
            problem(check, f"{what} could not be read within {seconds:g} s.", "Check Prefect's server.")
        ]
    except Exception as error:  # noqa: BLE001 - an error of Prefect or a library, whose text may hold a secret
        finding = from_unexpected_error(
            check, error, "If it is a block: check Prefect's server, then save the block again."
        )
        return None, [Finding(check, Status.PROBLEM, f"{what} {finding.what}", finding.fix)]


async def _channels(name: str, resolved: Resolved) -> tuple[tuple[Channel, ...], dict[str, Host]]:
    """The channels, and host and port by name for those that have their own host."""
    block = await lookup.alerts_block(name, resolved)
    if block is None:
        return (), {}
    hosts: dict[str, Host] = {}
    if block.slack is not None:
        parts = urlsplit(block.slack.url.get_secret_value())
        hosts["slack"] = (parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443))
    if block.email is not None:
        server, kind = (
            getattr(field, "value", field) for field in (block.email.smtp_server, block.email.smtp_type)
        )
        hosts["email"] = (str(server), int(block.email.smtp_port or kind))
    return block.policy().channels, hosts


def _prefect_server() -> tuple[PrefectServer | None, list[Finding]]:
    try:
        from prefect.settings import get_current_settings  # noqa: PLC0415 - it reads its settings on import

        settings = get_current_settings()
    except Exception as error:  # noqa: BLE001 - an unreadable profile raises various errors
        fix = "Correct Prefect's settings: prefect config view, or the variables PREFECT_…"
        finding = from_unexpected_error("Prefect", error, fix)
        return None, [Finding("Prefect", Status.PROBLEM, f"its settings {finding.what}", fix)]
    return PrefectServer(settings.api.url, version("prefect"), _ask_version, settings.home), []


async def _ask_version() -> str:
    """Version of the Prefect server; empty for Prefect Cloud, which supports every client."""
    from prefect.client.base import ServerType  # noqa: PLC0415 - as above
    from prefect.client.orchestration import get_client  # noqa: PLC0415

    async with get_client() as client:
        if client.server_type == ServerType.CLOUD:
            error = await client.api_healthcheck()
            if error is not None:
                raise error
            return ""
        return await client.api_version()
