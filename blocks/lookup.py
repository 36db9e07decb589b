"""Look up the warehouse, the alert channels and the vault of a run.

The warehouse is the named block, else DATABASE_URL, else the embedded Postgres. The channels are those of the named
block, else those in the environment; so is the vault.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from blocks.loading import load_block, prefect_errors_mapped
from blocks.settings_sources import ENV_FILE, Resolved, Settings, resolve, resolve_collecting_errors
from blocks.vault_lookup import load_vault, vault_block_name, vault_settings
from tasks.alerts.policy import NotificationPolicy
from tasks.errors import RetailError
from tasks.postgres.connect import ConnectionSettings, check_for_loads, from_url
from tasks.postgres.embedded.server import EmbeddedServer

if TYPE_CHECKING:
    from blocks.alerts import Alerts
    from blocks.vault import BackupVault
    from blocks.warehouse import SupabaseWarehouse

__all__ = [
    "EMBEDDED",
    "alerts_block",
    "environment_alerts",
    "from_environment",
    "has_warehouse",
    "load_alerts",
    "load_vault",
    "load_warehouse",
    "notification_policy",
    "prefect_errors_mapped",
    "proof_server",
    "vault_block_name",
    "vault_settings",
    "warehouse_block_name",
    "warehouse_settings",
    "with_blocks",
]

EMBEDDED = "embedded"
_ALERT_SETTINGS = (
    "RETAIL_ALERTS",
    "PIPELINE_SLACK",
    "PIPELINE_EMAIL",
    "PIPELINE_SMTP",
    "PIPELINE_PAGER",
    "PIPELINE_ALERT",
)


async def warehouse_settings(block_name: str = "", resolved: Resolved | None = None) -> ConnectionSettings:
    """Connection settings of this run's warehouse; starts the embedded server if that is selected.

    Args:
        block_name: Name of a SupabaseWarehouse block, or "embedded" for the embedded server. Empty: RETAIL_WAREHOUSE,
            else DATABASE_URL. A DATABASE_URL in the environment overrides a RETAIL_WAREHOUSE in .env.
        resolved: Settings with their origins; read if None.

    Raises:
        SettingsError: The block does not exist, or loads cannot use the address.
        PrefectUnreachable: The block cannot be read.
        EmbeddedServerError: The embedded server cannot start.
    """
    resolved = resolved or _resolve_for_warehouse()
    name = block_name or warehouse_block_name(resolved)
    address = await _address(name, resolved.settings)
    return replace(
        address,
        load_lock_timeout=resolved.settings.retail_load_lock_timeout_minutes * 60,
        origin=_origin(name, resolved),
        disk_bytes=resolved.settings.disk_bytes,
    )


def has_warehouse(block_name: str, resolved: Resolved) -> bool:
    """Whether a warehouse is selected, or the embedded server has been used: nothing is made to find out."""
    is_selected = block_name or warehouse_block_name(resolved) or resolved.settings.database_url is not None
    return bool(is_selected) or EmbeddedServer(resolved.settings.data_dir).cluster.exists()


def _origin(name: str, resolved: Resolved) -> str:
    if name == EMBEDDED or not (name or resolved.settings.database_url):
        return ""
    if name:
        return f"the block supabase-warehouse/{name}"
    return f"DATABASE_URL ({resolved.sources.get('DATABASE_URL', 'default')})"


def _resolve_for_warehouse() -> Resolved:
    """The settings; an invalid one raises, but not one that only alerts need."""
    resolved, errors = resolve_collecting_errors()
    for error in errors:
        if not str(error.attributes.get("setting", "")).upper().startswith(_ALERT_SETTINGS):
            raise error
    return resolved


async def _address(name: str, settings: Settings) -> ConnectionSettings:
    if name and name != EMBEDDED:
        return (await load_warehouse(name)).connection_settings()
    if name == EMBEDDED or settings.database_url is None:
        return await asyncio.to_thread(EmbeddedServer(settings.data_dir).start)
    return from_environment(settings)


def warehouse_block_name(resolved: Resolved) -> str:
    """SupabaseWarehouse block that the settings select; empty if they select DATABASE_URL or nothing."""
    origins = [resolved.origins.get(name) for name in ("retail_warehouse", "database_url")]
    if origins == [ENV_FILE, "environment"]:
        return ""
    return resolved.settings.retail_warehouse


def from_environment(settings: Settings) -> ConnectionSettings:
    """Connection settings from DATABASE_URL, which must be set.

    Raises:
        SettingsError: Loads cannot use the address.
    """
    assert settings.database_url is not None  # noqa: S101 - checked by the caller
    url = settings.database_url.get_secret_value()
    address = from_url(url)
    check_for_loads(address)
    return replace(
        address,
        connect_seconds=address.connect_seconds
        if "connect_timeout=" in url
        else settings.retail_connect_seconds,
        statement_timeout=settings.retail_statement_timeout_minutes * 60,
        pool_size=settings.retail_pool_size,
        max_overflow=settings.retail_pool_overflow,
    )


async def proof_server(name: str, resolved: Resolved) -> ConnectionSettings | None:
    """Return the server on which a proof makes its scratch database; None for one that is made for the proof.

    Args:
        name: Name of a SupabaseWarehouse block. Empty: RETAIL_PROOF_SERVER.
        resolved: The settings.

    Raises:
        SettingsError: The block does not exist, or the address is invalid.
        PrefectUnreachable: The block cannot be read.
    """
    if name:
        return (await load_warehouse(name)).connection_settings()
    url = resolved.settings.retail_proof_server
    return from_url(url.get_secret_value()) if url is not None else None


async def load_warehouse(name: str) -> SupabaseWarehouse:
    """Load a SupabaseWarehouse block.

    Raises:
        SettingsError: The block does not exist.
        PrefectUnreachable: The Prefect API gives no answer.
    """
    from blocks.warehouse import SupabaseWarehouse  # noqa: PLC0415 - importing Prefect takes a second

    return cast(SupabaseWarehouse, await load_block(SupabaseWarehouse, name, "warehouse"))


async def with_blocks(alerts_name: str = "") -> tuple[Resolved, tuple[RetailError, ...]]:
    """Resolve the settings, including those of the blocks that they name.

    Returns:
        The settings, with defaults for invalid ones, and an error for each of those and for each block that cannot be
        read.
    """
    resolved, _ = resolve_collecting_errors()
    blocks: dict[str, dict[str, Any]] = {}
    unreadable: list[RetailError] = []
    warehouse = warehouse_block_name(resolved)
    load: Callable[[str], Awaitable[SupabaseWarehouse | Alerts | BackupVault]]
    for slug, name, load in (
        ("supabase-warehouse", "" if warehouse == EMBEDDED else warehouse, load_warehouse),
        ("retail-alerts", alerts_name or resolved.settings.retail_alerts, load_alerts),
        ("retail-backup-vault", vault_block_name(resolved.settings), load_vault),
    ):
        try:
            if name:
                blocks[f"{slug}/{name}"] = (await load(name)).as_settings()
        except RetailError as error:
            unreadable.append(error)
    resolved, invalid = resolve_collecting_errors(blocks=blocks)
    return resolved, (*invalid, *unreadable)


async def notification_policy(block_name: str = "", resolved: Resolved | None = None) -> NotificationPolicy:
    """Channels and quiet time of a run: from the named block, else RETAIL_ALERTS, else the environment.

    Without any of them there are no channels, and no request goes to Prefect.

    Raises:
        SettingsError: The block does not exist or is incomplete.
        PrefectUnreachable: The block cannot be read.
    """
    resolved = resolved or resolve()
    block = await alerts_block(block_name, resolved)
    if block is None:
        return NotificationPolicy((), resolved.settings.pipeline_alert_quiet_minutes * 60)
    return block.policy()


async def alerts_block(block_name: str, resolved: Resolved) -> Alerts | None:
    """The named Alerts block, or one built from the environment; None without channels."""
    settings = resolved.settings
    name = block_name or settings.retail_alerts
    return await load_alerts(name) if name else environment_alerts(settings)


def environment_alerts(settings: Settings) -> Alerts | None:
    """The Alerts block built from the environment; None without channels."""
    has_channels = (
        settings.pipeline_slack_notifications
        or settings.pipeline_email_alerts
        or settings.pipeline_pager_urls
    )
    if not has_channels:
        return None
    from blocks.alerts import Alerts  # noqa: PLC0415 - importing Slack's and Apprise's libraries takes a second

    return Alerts.from_settings(settings)


async def load_alerts(name: str) -> Alerts:
    """Load an Alerts block.

    Raises:
        SettingsError: The block does not exist.
        PrefectUnreachable: The Prefect API gives no answer.
    """
    from blocks.alerts import Alerts  # noqa: PLC0415 - as above

    return cast(Alerts, await load_block(Alerts, name, "alerts"))
