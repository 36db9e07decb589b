"""The block with the vault of the backups."""

from __future__ import annotations

from typing import Any

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr

from blocks.names import is_vault_address
from tasks.backup.vault.open import VaultSettings, check_vault
from tasks.errors import SettingsError


class BackupVault(Block):
    """Where backups are kept, and the keys that they are made with: a folder, or a bucket of any S3-compatible store.

    Backups are encrypted to the public keys. The secret key that opens them is not here: it is a file on the machine
    that restores, named by RETAIL_VAULT_IDENTITY.

    Example:
        Back up a warehouse into the vault:
        ```python
        from flows.backup import retail_backup

        report = await retail_backup(warehouse="BLOCK_NAME", vault="BLOCK_NAME")
        ```

        Load the block to list the objects in the vault:
        ```python
        from blocks import BackupVault
        from tasks.backup.vault.open import open_vault

        vault = BackupVault.load("BLOCK_NAME")
        print([item.name for item in open_vault(vault.vault_settings()).objects()])
        ```
    """

    _block_type_name = "Retail Backup Vault"
    _block_type_slug = "retail-backup-vault"
    _logo_url = HttpUrl("https://supabase.com/favicon/favicon-196x196.png")
    _documentation_url = HttpUrl("https://supabase.com/docs/guides/storage/s3/compatibility")

    address: str = Field(
        title="Address",
        description="s3://BUCKET/FOLDER, or a folder as every worker has it, such as /srv/backups.",
        min_length=1,
    )
    endpoint: str = Field(
        default="",
        title="Endpoint",
        description="URL of the S3-compatible store, such as https://ACCOUNT.r2.cloudflarestorage.com. Empty: AWS.",
    )
    region: str = Field(
        default="",
        title="Region",
        description="Region of the bucket, such as eu-west-2. With an endpoint it may be empty.",
    )
    access_key_id: str = Field(
        default="",
        title="Access key: id",
        description="Id of the store's access key. Empty: the one that the worker has, by its role or AWS's own settings.",
    )
    # No field accepts None: Prefect's form renders such a union as tabs.
    secret_access_key: SecretStr = Field(
        default=SecretStr(""), title="Access key: secret", description="Secret of the access key."
    )
    recipients: list[str] = Field(
        default_factory=list,
        title="Public keys",
        description='Public keys of age that backups are encrypted to, as a list such as ["age1..."]; each of their '
        "secret keys opens the backups. Empty: RETAIL_VAULT_RECIPIENTS.",
    )
    manifest_key: SecretStr = Field(
        default=SecretStr(""),
        title="Manifest key",
        description="Secret text of 16 characters or more that proves who wrote a manifest. Empty: RETAIL_MANIFEST_KEY, "
        "else the key in the data folder if the vault is a folder, else none.",
    )

    def vault_settings(self) -> VaultSettings:
        """Convert the block to the settings that a vault is opened with.

        Raises:
            SettingsError: The address or the endpoint is invalid, or the access key is incomplete.
        """
        if not is_vault_address(self.address):
            raise SettingsError(
                "The address in the BackupVault block is neither a folder with a slash nor s3://BUCKET/FOLDER.",
                "Write a folder as a path, such as /srv/backups.",
                setting="address",
            )
        settings = VaultSettings(
            address=self.address,
            endpoint=self.endpoint,
            region=self.region,
            access_key_id=self.access_key_id,
            secret_access_key=self.secret_access_key,
        )
        check_vault(settings)
        return settings

    def as_settings(self) -> dict[str, Any]:
        """The block's values by name of the setting in ``Settings``; None where the block sets nothing."""
        settings = self.vault_settings()
        has_key = bool(self.manifest_key.get_secret_value())
        return {
            # One place: an empty endpoint here is AWS, not the endpoint of the environment.
            "retail_vault": settings.address,
            "retail_vault_endpoint": settings.endpoint,
            "retail_vault_region": settings.region,
            "retail_vault_access_key_id": settings.access_key_id,
            "retail_vault_secret_access_key": settings.secret_access_key,
            "retail_vault_recipients": tuple(self.recipients) or None,
            "retail_manifest_key": self.manifest_key if has_key else None,
        }
