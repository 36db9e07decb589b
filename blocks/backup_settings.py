"""The settings of backups: their vault, keys, schedule and retention."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings

from blocks.names import NOT_A_BLOCK_NAME, is_block_name, is_vault_address
from blocks.setting_types import Cron, Names
from tasks.backup.keys import manifest_key
from tasks.backup.vault.open import NOT_AN_ADDRESS, holds_credentials, is_possible_address

# What to do about an invalid one. None of these is quoted: a key may stand in the place of something else.
ADVICE = {
    "retail_vault": "Set it to a folder with a slash, to s3://BUCKET/FOLDER without keys, or to the name of a "
    "BackupVault block.",
    "retail_vault_endpoint": "Set it to https://HOST; the access key belongs in RETAIL_VAULT_ACCESS_KEY_ID and "
    "RETAIL_VAULT_SECRET_ACCESS_KEY.",
    "retail_vault_recipients": "Set it to the public keys that age-keygen prints; whoever has seen a secret key can "
    "open the backups made for it.",
    "retail_vault_identity": "Set it to the path of the file that age-keygen wrote.",
    "retail_manifest_key": manifest_key.ADVICE,
}


def _vault(value: str) -> str:
    value = value.strip()
    if not value or is_block_name(value):
        return value
    if holds_credentials(value):
        raise ValueError("holds credentials")
    if not is_vault_address(value):
        raise ValueError(f"is no folder, and {NOT_A_BLOCK_NAME}")
    if not is_possible_address(value):
        raise ValueError(f"is {NOT_AN_ADDRESS}")
    return value


def _endpoint(value: str) -> str:
    if holds_credentials(value):
        raise ValueError("holds credentials")
    return value.strip()


def _public_keys(value: tuple[str, ...]) -> tuple[str, ...]:
    if any("SECRET-KEY" in key.upper() or "PRIVATE KEY" in key.upper() for key in value):
        raise ValueError("holds a secret key")
    return value


def _path_of_keys(value: str) -> str:
    if "SECRET-KEY" in value.upper() or "PRIVATE KEY" in value.upper():
        raise ValueError("is a secret key, not the path of a file")
    return value.strip()


def _manifest_key(value: SecretStr | None) -> SecretStr | None:
    if value is not None and len(value.get_secret_value().strip()) < manifest_key.MINIMUM_LENGTH:
        raise ValueError(f"has fewer than {manifest_key.MINIMUM_LENGTH} characters")
    return value


class BackupSettings(BaseSettings):
    """The settings of backups."""

    supabase_backup_enabled: bool = Field(
        False, description="Schedule the backup deployments, and back up after each load."
    )
    supabase_backup_schedule: Cron = Field(
        "daily", description="Schedule of backups: hourly, daily, weekly, or a cron expression (UTC)."
    )
    retail_vault: Annotated[str, AfterValidator(_vault)] = Field(
        "",
        description="Vault of the backups: a folder with a slash, s3://BUCKET/FOLDER, or the name of a BackupVault "
        "block.",
    )
    retail_vault_endpoint: Annotated[str, AfterValidator(_endpoint)] = Field(
        "", description="URL of the S3-compatible store; unset: AWS."
    )
    retail_vault_region: str = Field(
        "", description="Region of the bucket; with an endpoint it may be unset."
    )
    retail_vault_access_key_id: str = Field(
        "", description="Id of the access key of the store; unset: the one that the machine has."
    )
    retail_vault_secret_access_key: SecretStr | None = Field(
        None, description="Secret of the access key of the store."
    )
    retail_vault_recipients: Annotated[Names, AfterValidator(_public_keys)] = Field(
        (), description="Public keys of age that backups are encrypted to, separated by commas."
    )
    retail_vault_identity: Annotated[str, AfterValidator(_path_of_keys)] = Field(
        "", description="Path of the identity file of age; only where backups are proven and restored."
    )
    retail_manifest_key: Annotated[SecretStr | None, AfterValidator(_manifest_key)] = Field(
        None,
        description="Secret text that authenticates manifests; unset: for a folder one is made in RETAIL_DATA_DIR, on "
        "S3 manifests are not authenticated.",
    )

    retail_backup_keep_last: int = Field(
        7, ge=0, le=10_000, description="Number of the newest proven backups that are kept."
    )
    retail_backup_keep_daily: int = Field(
        7, ge=0, le=10_000, description="Days of which the newest proven backup is kept."
    )
    retail_backup_keep_weekly: int = Field(
        4, ge=0, le=10_000, description="Weeks of which the newest proven backup is kept."
    )
    retail_backup_keep_monthly: int = Field(
        12, ge=0, le=10_000, description="Months of which the newest proven backup is kept."
    )
    retail_backup_keep_minimum: int = Field(
        3, ge=1, le=10_000, description="Number of the newest proven backups that are never deleted."
    )
    retail_backup_prune: bool = Field(
        False,
        description="With SUPABASE_BACKUP_ENABLED: delete the backups that no rule keeps, weekly after the drill.",
    )
    retail_backup_grace_hours: float = Field(
        24.0,
        gt=0,
        le=8760,
        description="Hours after which leftovers of a broken backup are deleted; longer than any backup takes.",
    )

    retail_backup_table_mb: int = Field(
        32, ge=1, le=1_048_576, description="Size in MB from which a table gets an archive of its own."
    )
    retail_postgres_bin: str = Field(
        "",
        description="Folder of pg_dump, pg_restore and psql; unset: those on the PATH, in the system's folders and in "
        "installed wheels.",
    )
    retail_restore_memory_share: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Share of the free memory up to which an archive is restored from memory, by several connections.",
    )
    retail_proof_server: SecretStr | None = Field(
        None,
        description="URL of a server on which proofs restore into a scratch database; unset: a server is started for "
        "each proof.",
    )
