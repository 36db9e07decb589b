"""The interface that all vaults have, and the names that objects may have."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

from tasks.errors import VaultError

VAULT_SETTING = "RETAIL_VAULT"
GET_LIMIT = 64 * 1024 * 1024
_FOLDER = r"[a-z0-9][a-z0-9-]{0,99}"
_NAME = re.compile(rf"{_FOLDER}/[a-z0-9][a-z0-9.-]{{0,99}}", re.ASCII)
_PREFIX = re.compile(rf"(?:{_FOLDER})?/?", re.ASCII)


@dataclass(frozen=True)
class VaultObject:
    """An object in the vault.

    Attributes:
        name: Its folder (the id of a backup) and its own name.
        size: Bytes.
        modified: When it was written, in UTC.
    """

    name: str
    size: int
    modified: datetime


class Vault(Protocol):
    """Where objects are kept. Every method blocks: call it in a thread.

    All raise VaultError where the vault refuses, and VaultUnreachable where it gives no answer. Objects whose name is
    none of ours are never listed, read or deleted.
    """

    @property
    def display(self) -> str:
        """The address, without secrets."""

    def writer(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Write an object: it exists whole after a clean exit, and not at all after an error.

        An older object of that name stays until then, and is replaced.
        """

    def reader(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Read an object. Raises ObjectMissing."""

    def put(self, name: str, data: bytes, *, replace: bool = False) -> None:
        """Write a small object at once; VaultError if it exists, unless ``replace``."""

    def get(self, name: str, limit: int = GET_LIMIT) -> bytes:
        """Return a small object; VaultError if it has more than ``limit`` bytes. Raises ObjectMissing."""

    def objects(self, prefix: str = "") -> list[VaultObject]:
        """Return the objects of a folder, or of all folders, by name."""

    def exists(self, name: str) -> bool:
        """True if the vault has an object of that name."""

    def delete(self, name: str) -> None:
        """Delete an object, if it is there."""

    def remove_unfinished(self, before: datetime) -> list[str]:
        """Remove what is left of writes that began before that time and never ended; return the objects' names."""


def is_object_name(name: str) -> bool:
    """True for a folder and a name of lower-case ASCII letters, digits, hyphens and dots."""
    return _NAME.fullmatch(name) is not None


def check_name(name: str, vault: str) -> None:
    """Check the name of an object, which may come from a forged manifest.

    Raises:
        VaultError: It is none of ours.
    """
    if not is_object_name(name):
        raise VaultError(
            f"{name!r} cannot be the name of an object of ours.",
            "Find out who wrote the manifest that names it.",
            vault=vault,
        )


def check_prefix(prefix: str, vault: str) -> str:
    """Check the name of a folder, and return it without a slash; empty for all folders.

    Raises:
        VaultError: It is none of ours.
    """
    if _PREFIX.fullmatch(prefix) is None:
        raise VaultError(f"{prefix!r} cannot be a backup's folder.", "Check the id.", vault=vault)
    return prefix.rstrip("/")


def existing_object(name: str, vault: str) -> VaultError:
    """The error of a ``put`` that would replace an object."""
    return VaultError(
        f"It has an object {name} already.", "Start the backup again; it takes a new id.", vault=vault
    )


def oversized_object(name: str, limit: int, vault: str) -> VaultError:
    """The error of a ``get`` of an object that is larger than anything of that kind."""
    return VaultError(
        f"{name} has more than {limit:,} bytes, so it is not what was written.",
        "Find out who can write to the vault.",
        vault=vault,
    )
