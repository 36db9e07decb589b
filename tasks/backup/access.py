"""What reading and writing backups needs: the vault, its keys, and the programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tasks.backup.keys.encryption import Identities, read_identities
from tasks.backup.keys.identities import IDENTITY_SETTING
from tasks.backup.vault.open import VaultSettings
from tasks.errors import SettingsError


@dataclass(frozen=True)
class BackupAccess:
    """Where backups are, and the keys that make, authenticate and open them.

    Attributes:
        vault: The vault.
        manifest_key: Key of the manifests; None without one.
        recipients: Public keys that backups are encrypted to.
        identity: File of the secret keys; empty where nothing is opened.
        tools_folder: Folder of pg_dump; empty to look for it.
    """

    vault: VaultSettings
    manifest_key: bytes | None = field(default=None, repr=False)
    recipients: tuple[str, ...] = ()
    identity: str = ""
    tools_folder: str = ""

    def identities(self) -> Identities:
        """Read the secret keys.

        Raises:
            SettingsError: no identity file is set, or it has no key.
            UntrustedPath: another user can read or change it.
        """
        if not self.identity:
            raise SettingsError(
                "No identity file is set, so that backups cannot be opened.",
                f"Name the file with --identity, or in {IDENTITY_SETTING}.",
                setting=IDENTITY_SETTING,
            )
        return read_identities(Path(self.identity))
