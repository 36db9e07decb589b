"""Look up the vault of a run: that of the named block, else that of the settings, which may name a block too."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from pydantic import SecretStr

from blocks.loading import load_block
from blocks.names import is_vault_address
from blocks.settings_sources import COMMAND_LINE, Resolved, Settings
from tasks.backup.keys.manifest_key import check_manifest_key, local_manifest_key
from tasks.backup.vault.open import VaultAccess, VaultSettings, check_vault

if TYPE_CHECKING:
    from blocks.vault import BackupVault


async def vault_settings(name: str, resolved: Resolved) -> VaultAccess:
    """Return the vault of this run and its keys; a vault in a folder without a manifest key gets one.

    Address, endpoint and access key come from one place, so that no key reaches a store that it is not for. Public
    keys and the manifest key come from the command line, else from the block, else from the other settings.

    Args:
        name: Name of a BackupVault block. Empty: RETAIL_VAULT, an address or the name of a block.
        resolved: The settings.

    Raises:
        SettingsError: There is no vault, the block does not exist, or a value of it is invalid.
        PrefectUnreachable: The block cannot be read.
        UntrustedPath: Another user can read or change the manifest key in the data folder.
    """
    settings = resolved.settings
    name = name or vault_block_name(settings)
    if name:
        block = await load_vault(name)
        place, recipients, key = block.vault_settings(), tuple(block.recipients), block.manifest_key
    else:
        place, recipients, key = settings_of_environment(settings), (), SecretStr("")
    check_vault(place)
    if resolved.origins.get("retail_vault_recipients") == COMMAND_LINE:
        recipients = ()
    if resolved.origins.get("retail_manifest_key") == COMMAND_LINE:
        key = SecretStr("")
    text = key.get_secret_value().strip()
    if not text and settings.retail_manifest_key is not None:
        text = settings.retail_manifest_key.get_secret_value().strip()
    made_key = ""
    if text:
        check_manifest_key(text)
    elif place.is_local:
        made, path, is_new = await asyncio.to_thread(local_manifest_key, settings.data_dir)
        text, made_key = made.get_secret_value(), str(path) if is_new else ""
    return VaultAccess(
        settings=place,
        recipients=recipients or settings.retail_vault_recipients,
        manifest_key=SecretStr(text),
        identity=settings.retail_vault_identity,
        made_key=made_key,
    )


def vault_block_name(settings: Settings) -> str:
    """BackupVault block that the settings select; empty if they have an address, or nothing."""
    return "" if is_vault_address(settings.retail_vault) else settings.retail_vault


def settings_of_environment(settings: Settings) -> VaultSettings:
    """The vault of the settings; it has no address if they have none."""
    return VaultSettings(
        address=settings.retail_vault,
        endpoint=settings.retail_vault_endpoint,
        region=settings.retail_vault_region,
        access_key_id=settings.retail_vault_access_key_id,
        secret_access_key=settings.retail_vault_secret_access_key or SecretStr(""),
    )


async def load_vault(name: str) -> BackupVault:
    """Load a BackupVault block.

    Raises:
        SettingsError: The block does not exist.
        PrefectUnreachable: The Prefect API gives no answer.
    """
    from blocks.vault import BackupVault  # noqa: PLC0415 - importing Prefect takes a second

    folder = f"A folder is written with a slash, such as ./{name}."
    return cast(BackupVault, await load_block(BackupVault, name, "vault", folder))
