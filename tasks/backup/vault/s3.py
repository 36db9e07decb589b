"""A vault in a bucket of an S3-compatible store.

obstore streams objects in parts and retries what broke; boto3 finds and aborts uploads that were never finished, which
obstore cannot. Nothing depends on metadata or ETags, which not every store keeps.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, BinaryIO, cast

from tasks.backup.libraries import backup_extra
from tasks.backup.vault.s3_clients import PART_BYTES, READING, WRITING, S3Address, open_client, open_store
from tasks.backup.vault.s3_errors import map_s3_error
from tasks.backup.vault.store import (
    GET_LIMIT,
    VaultObject,
    check_name,
    check_prefix,
    existing_object,
    is_object_name,
    oversized_object,
)
from tasks.errors import ObjectMissing

# Memory of a write: one part that fills, and these under way.
_PARTS_AT_ONCE = 2
_CHUNK_BYTES = 1_048_576


class S3Vault:
    """Objects in a bucket: ``PREFIX/ID/NAME``."""

    def __init__(self, address: S3Address) -> None:
        """Describe a vault; no connection is made.

        Raises:
            SettingsError: The libraries are not installed, or there is no access key.
        """
        with backup_extra():
            import obstore  # noqa: PLC0415 - an optional extra

        self._address = address
        self._obstore = obstore
        self._readable = open_store(address, READING)
        self._writable = open_store(address, WRITING)
        # A write may also raise an OSError, with no number and the same text.
        self._library_errors = (obstore.exceptions.BaseError, OSError)

    @property
    def display(self) -> str:
        """Bucket and folder, without secrets."""
        return self._address.display

    @contextmanager
    def writer(self, name: str) -> Iterator[BinaryIO]:
        """See ``Vault.writer``. Memory holds three parts at most."""
        check_name(name, self.display)
        upload = self._obstore.open_writer(
            self._writable, name, buffer_size=PART_BYTES, max_concurrency=_PARTS_AT_ONCE
        )
        is_whole = False
        try:
            yield cast(BinaryIO, _Upload(upload, self, name))
            is_whole = True
        finally:
            if not is_whole:
                # Over a dead link this fails too; what made us give up is the cause.
                with suppress(*self._library_errors):
                    upload.__exit__(*sys.exc_info())
        with self._mapped_errors(name):
            upload.close()

    @contextmanager
    def reader(self, name: str) -> Iterator[BinaryIO]:
        """See ``Vault.reader``."""
        check_name(name, self.display)
        # One request for all of it: not every store answers a request for a part as the protocol says.
        with self._mapped_errors(name):
            answer = self._obstore.get(self._readable, name)
        chunks = iter(answer.stream(min_chunk_size=_CHUNK_BYTES))
        with io.BufferedReader(_Download(chunks, self, name), _CHUNK_BYTES) as file:
            yield file

    def put(self, name: str, data: bytes, *, replace: bool = False) -> None:
        """See ``Vault.put``."""
        # Not every store has a conditional write, and ids are never used twice.
        if not replace and self.exists(name):
            raise existing_object(name, self.display)
        check_name(name, self.display)
        with self._mapped_errors(name):
            self._obstore.put(self._writable, name, data, use_multipart=False)

    def get(self, name: str, limit: int = GET_LIMIT) -> bytes:
        """See ``Vault.get``."""
        with self.reader(name) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise oversized_object(name, limit, self.display)
        return data

    def objects(self, prefix: str = "") -> list[VaultObject]:
        """See ``Vault.objects``."""
        folder = check_prefix(prefix, self.display)
        with self._mapped_errors():
            listed = [
                VaultObject(entry["path"], entry["size"], entry["last_modified"])
                for chunk in self._obstore.list(self._readable, folder or None)
                for entry in chunk
                if is_object_name(entry["path"])
            ]
        return sorted(listed, key=lambda item: item.name)

    def exists(self, name: str) -> bool:
        """See ``Vault.exists``."""
        check_name(name, self.display)
        try:
            with self._mapped_errors(name):
                self._obstore.head(self._readable, name)
        except ObjectMissing:
            return False
        return True

    def delete(self, name: str) -> None:
        """See ``Vault.delete``."""
        check_name(name, self.display)
        with suppress(ObjectMissing), self._mapped_errors(name):
            self._obstore.delete(self._readable, name)

    def remove_unfinished(self, before: datetime) -> list[str]:
        """See ``Vault.remove_unfinished``."""
        with backup_extra():
            from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - an optional extra

        bucket, removed = self._address.bucket, []
        folder = f"{self._address.prefix}/" if self._address.prefix else ""
        try:
            client = open_client(self._address)
            for upload in _unfinished(client, bucket, folder):
                name = upload["Key"].removeprefix(folder)
                if is_object_name(name) and upload["Initiated"] < before:
                    client.abort_multipart_upload(
                        Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                    )
                    removed.append(name)
        except (BotoCoreError, ClientError) as error:
            raise self._map(error, "") from None
        return sorted(removed)

    @contextmanager
    def _mapped_errors(self, name: str = "") -> Iterator[None]:
        try:
            yield
        except self._library_errors as error:
            # Without the original, whose text may hold the access key.
            raise self._map(error, name) from None

    def _map(self, error: Exception, name: str) -> Exception:
        address = self._address
        return map_s3_error(
            error, vault=address.display, bucket=address.bucket, endpoint=address.host, name=name
        )


class _Upload(io.RawIOBase):
    """Takes the bytes of an object."""

    def __init__(self, upload: Any, vault: S3Vault, name: str) -> None:
        self._upload = upload
        self._vault = vault
        self._name = name

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        with self._vault._mapped_errors(self._name):
            self._upload.write(data)
        return len(data)


class _Download(io.RawIOBase):
    """Gives the bytes of an object."""

    def __init__(self, chunks: Iterator[Any], vault: S3Vault, name: str) -> None:
        self._chunks = chunks
        self._vault = vault
        self._name = name
        self._chunk = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._chunk:
            with self._vault._mapped_errors(self._name):
                self._chunk = memoryview(next(self._chunks, b""))
        size = min(len(buffer), len(self._chunk))
        buffer[:size] = self._chunk[:size]
        self._chunk = self._chunk[size:]
        return size


def _unfinished(client: Any, bucket: str, folder: str) -> Iterator[dict[str, Any]]:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - an optional extra

    try:
        for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=folder):
            yield from page.get("Uploads", ())
    except ClientError as error:
        # rclone's answer where no upload is unfinished.
        if error.response.get("Error", {}).get("Code") != "NoSuchUpload":
            raise
