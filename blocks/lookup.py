"""Look up the warehouse and the alert channels of a run.

The warehouse is the named block, else DATABASE_URL, else the embedded Postgres. The channels are those of the named
block, else those in the environment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from blocks.names import ensure_block_name
from blocks.own_server import prepare_own_server
from blocks.settings_sources import ENV_FILE, Resolved, Settings, resolve
from tasks.alerts.policy import NotificationPolicy
from tasks.errors import PrefectUnreachable, SettingsError
from tasks.postgres.connect import ConnectionSettings, check_for_loads, from_url
from tasks.postgres.embedded.server import EmbeddedServer

if TYPE_CHECKING:
    from prefect.blocks.core import Block

    from blocks.alerts import Alerts
    from blocks.warehouse import SupabaseWarehouse

EMBEDDED = "embedded"


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
    resolved = resolved or resolve()
    address = await _address(block_name or warehouse_block_name(resolved), resolved.settings)
    return replace(address, load_lock_timeout=resolved.settings.retail_load_lock_timeout_minutes * 60)


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


async def load_warehouse(name: str) -> SupabaseWarehouse:
    """Load a SupabaseWarehouse block.

    Raises:
        SettingsError: The block does not exist.
        PrefectUnreachable: The Prefect API gives no answer.
    """
    from blocks.warehouse import SupabaseWarehouse  # noqa: PLC0415 - importing Prefect takes a second

    return cast(SupabaseWarehouse, await _load(SupabaseWarehouse, name, "warehouse"))


async def _load(kind: type[Block], name: str, setting: str) -> Block:
    ensure_block_name(name, setting)
    try:
        with prefect_errors_mapped():
            return await kind.aload(name)
    except ValueError:
        raise SettingsError(
            f"{setting}: Prefect has no {kind.__name__} block {name!r}.",
            "Create it in the Prefect UI or with python -m deployments.blocks; prefect block ls lists the names.",
            setting=setting,
        ) from None


async def with_blocks(alerts_name: str = "") -> Resolved:
    """Resolve the settings, including those of the blocks that they name.

    Raises:
        SettingsError: A setting is invalid, or a named block does not exist.
        PrefectUnreachable: A block cannot be read.
    """
    resolved = resolve()
    blocks: dict[str, dict[str, Any]] = {}
    name = warehouse_block_name(resolved)
    if name and name != EMBEDDED:
        blocks[f"supabase-warehouse/{name}"] = (await load_warehouse(name)).as_settings()
    name = alerts_name or resolved.settings.retail_alerts
    if name:
        blocks[f"retail-alerts/{name}"] = (await load_alerts(name)).as_settings()
    return resolve(blocks=blocks)


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
    if name:
        return await load_alerts(name)
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

    return cast(Alerts, await _load(Alerts, name, "alerts"))


@contextmanager
def prefect_errors_mapped() -> Iterator[None]:
    """Turn a connection error of Prefect's client into PrefectUnreachable."""
    import httpx  # noqa: PLC0415 - Prefect's, imported with it
    from prefect.settings import get_current_settings  # noqa: PLC0415 - as above

    prepare_own_server()
    try:
        yield
    except httpx.TransportError:
        raise PrefectUnreachable.at(get_current_settings().api.url or "") from None
