"""Write the blocks from the environment: ``python -m deployments.blocks``, as often as you like.

Makes or updates, in the Prefect server or Cloud workspace of this process, the block
``supabase-warehouse/NAME`` from DATABASE_URL and the block ``retail-alerts/NAME`` from the channels that are
switched on, then sets the schedules of the deployments (see ``deployments.schedules``).
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import Sequence
from typing import cast

from pydantic import SecretStr

from blocks import lookup
from blocks.settings_sources import Settings, resolve
from blocks.warehouse import SupabaseWarehouse, TlsMode
from deployments.schedules import set_schedules
from tasks.errors import RetailError, SettingsError
from tasks.postgres.supabase import pool_limits

NAME = "retail"


def warehouse_block(settings: Settings) -> SupabaseWarehouse | None:
    """The warehouse of DATABASE_URL as a block, or None if that is not set. Raises SettingsError."""
    if settings.database_url is None:
        return None
    address = lookup.from_environment(settings)
    size, overflow = pool_limits(address)
    return SupabaseWarehouse(
        host=address.host,
        port=address.port,
        database=address.database,
        user=address.user,
        password=address.password or SecretStr(""),
        tls_mode=cast(TlsMode, address.sslmode),
        ca_certificate=address.sslrootcert or "",
        connect_seconds=address.connect_seconds,
        backoff_seconds=address.backoff_seconds,
        backoff_max_seconds=address.backoff_max_seconds,
        statement_timeout_minutes=address.statement_timeout / 60,
        pool_size=0 if (address.pool_size, address.max_overflow) == (None, None) else size,
        max_overflow=overflow,
    )


async def write_blocks(name: str = NAME) -> list[str]:
    """Write the blocks and return a line on each. Raises SettingsError for a setting that is wrong."""
    resolved = resolve()
    settings = resolved.settings
    told = []
    warehouse = warehouse_block(settings)
    if warehouse is None:
        told.append("supabase-warehouse: not written, since DATABASE_URL is not set")
    else:
        await warehouse.asave(name, overwrite=True)
        told.append(f"supabase-warehouse/{name}: {warehouse.connection_settings().display}")
    alerts = await lookup.alerts_block("", resolved)
    if alerts is None:
        told.append("retail-alerts: not written, since no channel is switched on")
    else:
        await alerts.asave(name, overwrite=True)
        told.append(
            f"retail-alerts/{name}: {', '.join(channel.name for channel in alerts.policy().channels)}"
        )
    return told + await set_schedules(settings)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the blocks and tell what was written; 2 for settings that are wrong."""
    parser = argparse.ArgumentParser(prog="python -m deployments.blocks", description="Write the blocks.")
    parser.add_argument("--name", default=NAME, help="name of the blocks (default: %(default)s)")
    name = parser.parse_args(arguments).name
    try:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
            raise SettingsError(
                f"--name {name!r}: a block's name has lower-case letters, digits and dashes.", setting="name"
            )
        with lookup.prefect_errors_mapped():
            print("\n".join(asyncio.run(write_blocks(name))))
    except RetailError as error:
        print(f"deployments.blocks: {error}", file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
