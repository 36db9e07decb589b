"""Settings of a vault, and how one is opened."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from tasks.backup.vault.local import LocalVault
from tasks.backup.vault.s3 import S3Vault
from tasks.backup.vault.s3_clients import S3Address
from tasks.backup.vault.store import VAULT_SETTING, Vault
from tasks.errors import SettingsError
from tasks.postgres.settings import is_loopback

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}", re.ASCII)
_SEGMENT = re.compile(r"[A-Za-z0-9_=-][A-Za-z0-9._=-]*", re.ASCII)
_ANY_REGION = "us-east-1"
NOT_AN_ADDRESS = "neither a folder nor s3://BUCKET/FOLDER"


@dataclass(frozen=True)
class VaultSettings:
    """Where the vault is and how it is opened.

    Attributes:
        address: A folder, or ``s3://BUCKET/FOLDER``.
        endpoint: URL of the S3-compatible store; empty for AWS.
        region: Region of the bucket; may be empty with an endpoint.
        access_key_id: Id of the access key; empty for the one that this machine has (its role, AWS's own settings).
        secret_access_key: Its secret.
    """

    address: str
    endpoint: str = ""
    region: str = ""
    access_key_id: str = ""
    secret_access_key: SecretStr = field(default=SecretStr(""), repr=False)

    @property
    def is_local(self) -> bool:
        """True for a folder."""
        return "://" not in self.address

    @property
    def display(self) -> str:
        """The address as the opened vault shows it."""
        if self.is_local:
            return str(Path(self.address).expanduser().absolute())
        bucket, segments = _bucket_and_segments(self.address)
        return "s3://" + "/".join((bucket, *segments))


@dataclass(frozen=True)
class VaultAccess:
    """A vault with the keys of its backups.

    Attributes:
        settings: Where it is.
        recipients: Public keys that backups are encrypted to, as text.
        manifest_key: Key that authenticates manifests; empty for none.
        identity: Path of the file with the secret keys that open backups; empty where no restores run.
        made_key: Path of the manifest key, if it was made just now for a vault in a folder; else empty.
    """

    settings: VaultSettings
    recipients: tuple[str, ...] = ()
    manifest_key: SecretStr = field(default=SecretStr(""), repr=False)
    identity: str = ""
    made_key: str = ""

    @property
    def manifest_key_bytes(self) -> bytes | None:
        """The manifest key as bytes; None for none."""
        return self.manifest_key.get_secret_value().encode() or None


def holds_credentials(url: str) -> bool:
    """True for a URL with something between its scheme and its host, or behind a question mark: it may be a secret."""
    return "://" in url and any(mark in url for mark in "@?#")


def is_possible_address(text: str) -> bool:
    """True for a folder, and for an address on S3."""
    return "://" not in text or text.startswith("s3://")


def check_vault(settings: VaultSettings) -> None:
    """Check the settings of a vault as far as that needs neither it nor its libraries. Raises SettingsError."""
    if not settings.address.strip():
        raise SettingsError(
            "There is no vault for backups.",
            f"Set {VAULT_SETTING} to a folder or to s3://BUCKET/FOLDER.",
            setting=VAULT_SETTING,
        )
    if not settings.is_local:
        _parse(settings)


def open_vault(settings: VaultSettings) -> Vault:
    """Open a vault; nothing is read or written yet.

    Raises:
        SettingsError: A setting is invalid, or the libraries for S3 are not installed.
        UntrustedPath: Another user can change the vault's folder.
    """
    check_vault(settings)
    if settings.is_local:
        return LocalVault(Path(settings.address))
    return S3Vault(_parse(settings))


def _parse(settings: VaultSettings) -> S3Address:
    # Not displayed: it may hold a password that no rule knows.
    invalid = SettingsError(
        "The address of the vault is invalid.",
        "Set it to a folder, or to s3://BUCKET/FOLDER without keys, of letters, digits, hyphens and dots.",
        setting=VAULT_SETTING,
    )
    if not is_possible_address(settings.address):
        raise invalid
    bucket, segments = _bucket_and_segments(settings.address)
    if not _BUCKET.fullmatch(bucket) or not all(_SEGMENT.fullmatch(segment) for segment in segments):
        raise invalid
    secret = settings.secret_access_key.get_secret_value()
    if bool(settings.access_key_id) != bool(secret):
        raise SettingsError(
            "The access key of the vault has an id or a secret, but not both.",
            "Set RETAIL_VAULT_ACCESS_KEY_ID and RETAIL_VAULT_SECRET_ACCESS_KEY, or neither.",
            setting="RETAIL_VAULT_ACCESS_KEY_ID",
        )
    endpoint = _check_endpoint(settings.endpoint)
    if not endpoint and not settings.region:
        raise SettingsError(
            "The vault on AWS has no region.", "Set RETAIL_VAULT_REGION.", setting="RETAIL_VAULT_REGION"
        )
    return S3Address(
        bucket=bucket,
        prefix="/".join(segments),
        endpoint=endpoint,
        region=settings.region or _ANY_REGION,
        access_key_id=settings.access_key_id,
        secret_access_key=settings.secret_access_key,
    )


def _bucket_and_segments(address: str) -> tuple[str, list[str]]:
    bucket, _, folder = address.removeprefix("s3://").partition("/")
    return bucket, [segment for segment in folder.split("/") if segment]


def _check_endpoint(endpoint: str) -> str:
    if not endpoint:
        return ""
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if (
        not host
        or parts.scheme not in {"http", "https"}
        or parts.username is not None
        or parts.query
        or parts.fragment
    ):
        raise SettingsError(
            "The endpoint of the vault is no URL of a store.",
            "Set RETAIL_VAULT_ENDPOINT to https://HOST, without keys.",
            setting="RETAIL_VAULT_ENDPOINT",
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise SettingsError(
            f"The endpoint {host} would be reached without TLS.",
            "Use https; http is for this machine only.",
            setting="RETAIL_VAULT_ENDPOINT",
        )
    return endpoint.rstrip("/")
