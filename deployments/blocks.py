"""Save blocks and schedules from the environment: ``python -m deployments.blocks`` (idempotent).

Creates or updates, in the Prefect server or Cloud workspace of this process, the block ``supabase-warehouse/NAME`` from
DATABASE_URL, the block ``retail-alerts/NAME`` from the channels that are switched on, the block
``retail-backup-vault/NAME`` from RETAIL_VAULT if that is an address, and the block ``retail-api-users/NAME`` from
RETAIL_API_USERS. Then it sets the schedules of the deployments (see ``deployments.schedules``) and the backup after each
load (see ``deployments.backup_trigger``).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from pydantic import SecretStr

from blocks import lookup, vault_lookup
from blocks.api_users import ApiUsers
from blocks.names import ensure_block_name, is_vault_address
from blocks.settings_sources import Settings, resolve
from blocks.vault import BackupVault
from blocks.warehouse import SupabaseWarehouse, TlsMode
from deployments.backup_trigger import set_backup_trigger
from deployments.schedules import set_schedules
from tasks.backup.vault.open import check_vault
from tasks.errors import RetailError, SettingsError
from tasks.postgres.supabase import pool_size_and_overflow

NAME = "retail"


def warehouse_block(settings: Settings) -> SupabaseWarehouse | None:
    """Build a block from DATABASE_URL; None if it is not set. Raises SettingsError like ``from_environment``."""
    if settings.database_url is None:
        return None
    address = lookup.from_environment(settings)
    size, overflow = pool_size_and_overflow(address)
    return SupabaseWarehouse(
        host=address.host,
        port=address.port,
        database=address.database,
        user=address.user,
        password=address.password or SecretStr(""),
        tls_mode=cast(TlsMode, address.sslmode),
        ca_certificate=_as_pem(address.sslrootcert or ""),
        connect_seconds=address.connect_seconds,
        backoff_seconds=address.backoff_seconds,
        backoff_max_seconds=address.backoff_max_seconds,
        statement_timeout_minutes=address.statement_timeout / 60,
        pool_size=0 if (address.pool_size, address.max_overflow) == (None, None) else size,
        max_overflow=overflow,
    )


def _as_pem(certificate: str) -> str:
    """The text of the CA certificate: another worker does not have this machine's file."""
    if not certificate or "-----BEGIN" in certificate:
        return certificate
    try:
        text = Path(certificate).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not a text file"
    else:
        if "-----BEGIN CERTIFICATE-----" in text:
            return text
        why = "it holds no certificate in PEM format"
    raise SettingsError(
        f"The CA certificate file {certificate} cannot be read: {why}.",
        "Download the certificate from your project's database settings.",
        setting="sslrootcert",
    )


def vault_block(settings: Settings) -> BackupVault | None:
    """Build a block from RETAIL_VAULT; None if it is not set or names a block. Raises SettingsError if it is invalid."""
    if not is_vault_address(settings.retail_vault):
        return None
    place = vault_lookup.settings_of_environment(settings)
    check_vault(place)
    return BackupVault(
        # Another process has another working directory and home.
        address=place.display if place.is_local else place.address,
        endpoint=place.endpoint,
        region=place.region,
        access_key_id=place.access_key_id,
        secret_access_key=place.secret_access_key,
        recipients=list(settings.retail_vault_recipients),
        manifest_key=settings.retail_manifest_key or SecretStr(""),
    )


async def _save_vault(settings: Settings, name: str) -> str:
    vault = vault_block(settings)
    if vault is None:
        reason = f"names the block {settings.retail_vault}" if settings.retail_vault else "is not set"
        return f"retail-backup-vault: not saved: RETAIL_VAULT {reason}"
    await vault.asave(name, overwrite=True)
    keys = len(vault.recipients)
    encrypted = f"{keys} public key{'s' if keys > 1 else ''}" if keys else "no public key, so no backup yet"
    return f"retail-backup-vault/{name}: {vault.vault_settings().display} ({encrypted})"


async def _save_api_users(settings: Settings, name: str) -> str:
    if settings.retail_api_users is None:
        return "retail-api-users: not saved: RETAIL_API_USERS is not set"
    block = ApiUsers(users=settings.retail_api_users)
    users = ", ".join(f"{user.name} ({user.role})" for user in block.api_users())
    await block.asave(name, overwrite=True)
    return f"retail-api-users/{name}: {users}"


async def save_blocks(name: str = NAME) -> list[str]:
    """Save the blocks and set the schedules; return a line on each.

    Raises:
        SettingsError: A setting is invalid.
    """
    resolved = resolve()
    settings = resolved.settings
    lines = []
    warehouse = warehouse_block(settings)
    if warehouse is None:
        lines.append("supabase-warehouse: not saved: DATABASE_URL is not set")
    else:
        await warehouse.asave(name, overwrite=True)
        lines.append(f"supabase-warehouse/{name}: {warehouse.connection_settings().display}")
    alerts = await lookup.alerts_block("", resolved)
    if alerts is None:
        lines.append("retail-alerts: not saved: no channel is switched on")
    else:
        await alerts.asave(name, overwrite=True)
        lines.append(
            f"retail-alerts/{name}: {', '.join(channel.name for channel in alerts.policy().channels)}"
        )
    lines += [await _save_vault(settings, name), await _save_api_users(settings, name)]
    return [*lines, *await set_schedules(settings), *await set_backup_trigger(settings)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Save the blocks and print a line on each; exit code 2 for invalid settings."""
    parser = argparse.ArgumentParser(
        prog="python -m deployments.blocks", description="Save blocks and schedules from the environment."
    )
    parser.add_argument("--name", default=NAME, help="name of the blocks (default: %(default)s)")
    name = parser.parse_args(arguments).name
    try:
        ensure_block_name(name, "--name")
        with lookup.prefect_errors_mapped():
            print("\n".join(asyncio.run(save_blocks(name))))
    except RetailError as error:
        print(f"deployments.blocks: {error}", file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
