"""The address of a vault on S3, and the clients of obstore and boto3 for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from tasks.errors import SettingsError

if TYPE_CHECKING:
    from obstore.store import S3Store

# A store takes 10,000 parts, so an object may have 160 GB.
PART_BYTES = 16 * 1024 * 1024
# A request is given up when it is slower. Four parts at once (two archives) share a line of 200 kB/s.
_FLOOR_RATE = 32 * 1024
# By default the limit is 30 seconds for a request with its body, however large.
WRITING = {"timeout": timedelta(seconds=PART_BYTES / _FLOOR_RATE)}
# A body may take as long as it wants while bytes arrive, or while nobody reads it.
READING = {"timeout": timedelta(days=30), "read_timeout": timedelta(minutes=2)}
_CONNECT_TIME = timedelta(seconds=10)
_RETRIES = 6
_RETRY_TIME = timedelta(minutes=4)


@dataclass(frozen=True)
class S3Address:
    """Where the vault is and how it is opened.

    Attributes:
        bucket: Name of the bucket.
        prefix: Folder in the bucket, without slashes at its ends; may be empty.
        endpoint: URL of the store; empty for AWS.
        region: Region of the bucket.
        access_key_id: Id of the access key; empty for the one that this machine has (its role, AWS's own settings).
        secret_access_key: Its secret.
    """

    bucket: str
    prefix: str
    endpoint: str
    region: str
    access_key_id: str = ""
    secret_access_key: SecretStr = field(default=SecretStr(""), repr=False)

    @property
    def display(self) -> str:
        """Bucket and folder as an address."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def host(self) -> str:
        """The store's host, for messages."""
        return urlsplit(self.endpoint).netloc or "AWS S3"


def open_store(address: S3Address, limits: dict[str, timedelta]) -> S3Store:
    """Return obstore's client.

    Args:
        address: The vault.
        limits: ``READING`` or ``WRITING``.

    Raises:
        SettingsError: Neither the settings nor this machine has an access key.
    """
    from obstore.store import S3Store  # noqa: PLC0415 - an optional extra

    options: dict[str, Any] = {
        "region": address.region,
        "virtual_hosted_style_request": False,
        "client_options": {
            **limits,
            "connect_timeout": _CONNECT_TIME,
            "allow_http": address.endpoint.startswith("http://"),
        },
        "retry_config": {"max_retries": _RETRIES, "retry_timeout": _RETRY_TIME},
    }
    if address.endpoint:
        options["endpoint"] = address.endpoint
    if address.prefix:
        options["prefix"] = address.prefix
    if address.access_key_id:
        options["access_key_id"] = address.access_key_id
        options["secret_access_key"] = address.secret_access_key.get_secret_value()
    else:
        options["credential_provider"] = _machine_credentials()
    return S3Store(address.bucket, **options)


def _machine_credentials() -> Any:
    from obstore.auth.boto3 import Boto3CredentialProvider  # noqa: PLC0415 - an optional extra

    try:
        return Boto3CredentialProvider()
    except ValueError:
        raise SettingsError(
            "The vault on S3 has no access key.",
            "Set RETAIL_VAULT_ACCESS_KEY_ID and RETAIL_VAULT_SECRET_ACCESS_KEY, or give this machine a role.",
            setting="RETAIL_VAULT_ACCESS_KEY_ID",
        ) from None


def open_client(address: S3Address) -> Any:
    """Return boto3's client."""
    import boto3  # noqa: PLC0415 - an optional extra
    from botocore.config import Config  # noqa: PLC0415 - an optional extra

    keys = {}
    if address.access_key_id:
        keys = {
            "aws_access_key_id": address.access_key_id,
            "aws_secret_access_key": address.secret_access_key.get_secret_value(),
        }
    return boto3.session.Session().client(
        "s3",
        endpoint_url=address.endpoint or None,
        region_name=address.region,
        config=Config(
            s3={"addressing_style": "path"},
            connect_timeout=_CONNECT_TIME.total_seconds(),
            retries={"total_max_attempts": _RETRIES, "mode": "standard"},
        ),
        **keys,
    )
