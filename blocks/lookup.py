"""What a run uses of what is configured.

Its warehouse: the block that is named, else DATABASE_URL, else the embedded Postgres. Who is told: the block
that is named, else the channels of the environment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

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
    """How to reach the warehouse of this run; the embedded server is started if it is that and need be.

    ``block_name`` beats RETAIL_WAREHOUSE, and that DATABASE_URL unless the latter stands in the environment
    and the former only in .env; "embedded" is the embedded server. Raises SettingsError for a block that is
    missing and an address that loads cannot use, EmbeddedServerError if the server cannot start.
    """
    resolved = resolved or resolve()
    address = await _address(block_name or _block_of(resolved), resolved.settings)
    return replace(address, load_lock_timeout=resolved.settings.retail_load_lock_timeout_minutes * 60)


async def _address(name: str, settings: Settings) -> ConnectionSettings:
    if name and name != EMBEDDED:
        return (await load_warehouse(name)).connection_settings()
    if name == EMBEDDED or settings.database_url is None:
        return await asyncio.to_thread(EmbeddedServer(settings.data_dir).start)
    return from_environment(settings)


def _block_of(resolved: Resolved) -> str:
    origins = [resolved.origins.get(name) for name in ("retail_warehouse", "database_url")]
    if origins == [ENV_FILE, "environment"]:
        return ""
    return resolved.settings.retail_warehouse


def from_environment(settings: Settings) -> ConnectionSettings:
    """The warehouse of DATABASE_URL. Raises SettingsError for an address that loads cannot use."""
    assert settings.database_url is not None  # noqa: S101 - the caller has looked
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
    """The SupabaseWarehouse block of that name. Raises SettingsError if Prefect has none, PrefectUnreachable."""
    from blocks.warehouse import SupabaseWarehouse  # noqa: PLC0415 - Prefect takes a second to import

    return cast(SupabaseWarehouse, await _load(SupabaseWarehouse, name, "warehouse"))


async def _load(kind: type[Block], name: str, setting: str) -> Block:
    try:
        with prefect_errors_mapped():
            return await kind.aload(name)
    except ValueError:
        raise SettingsError(
            f"{setting}: Prefect has no {kind.__name__} block {name!r}.",
            "Make one in its UI, or with python -m deployments.blocks; names are listed by prefect block ls.",
            setting=setting,
        ) from None


async def with_blocks(alerts_name: str = "") -> Resolved:
    """The settings of this process with those of the blocks that they name."""
    resolved = resolve()
    blocks: dict[str, dict[str, Any]] = {}
    name = _block_of(resolved)
    if name and name != EMBEDDED:
        blocks[f"supabase-warehouse/{name}"] = (await load_warehouse(name)).as_settings()
    name = alerts_name or resolved.settings.retail_alerts
    if name:
        blocks[f"retail-alerts/{name}"] = (await load_alerts(name)).as_settings()
    return resolve(blocks=blocks)


async def notification_policy(block_name: str = "", resolved: Resolved | None = None) -> NotificationPolicy:
    """Who is told, through which channels: the block that is named, else RETAIL_ALERTS, else the environment's.

    Without any of them there are no channels, and Prefect is not asked. Raises SettingsError for a block that
    is missing or incomplete.
    """
    resolved = resolved or resolve()
    block = await alerts_block(block_name, resolved)
    if block is None:
        return NotificationPolicy((), resolved.settings.pipeline_alert_quiet_minutes * 60)
    return block.policy()


async def alerts_block(block_name: str, resolved: Resolved) -> Alerts | None:
    """The Alerts block of ``alerts``, saved or made of the environment; None if there is no channel."""
    settings = resolved.settings
    name = block_name or settings.retail_alerts
    if name:
        return await load_alerts(name)
    environment_has = (
        settings.pipeline_slack_notifications
        or settings.pipeline_email_alerts
        or settings.pipeline_pager_urls
    )
    if not environment_has:
        return None
    from blocks.alerts import Alerts  # noqa: PLC0415 - Slack's and Apprise's libraries take a second to import

    return Alerts.from_settings(settings)


async def load_alerts(name: str) -> Alerts:
    """The Alerts block of that name. Raises SettingsError if Prefect has none, PrefectUnreachable."""
    from blocks.alerts import Alerts  # noqa: PLC0415 - as above

    return cast(Alerts, await _load(Alerts, name, "alerts"))


@contextmanager
def prefect_errors_mapped() -> Iterator[None]:
    """What Prefect's client raises for a server that is not there leaves as PrefectUnreachable."""
    import httpx  # noqa: PLC0415 - Prefect's, imported with it
    from prefect.settings import get_current_settings  # noqa: PLC0415 - as above

    try:
        yield
    except httpx.TransportError:
        raise PrefectUnreachable.at(get_current_settings().api.url or "") from None
