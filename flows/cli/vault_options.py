"""The options ``--vault``, ``--recipient``, ``--identity`` and ``--manifest-key`` that commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from blocks.settings_sources import set_command_line
from tasks.errors import SettingsError


def set_vault_options(
    vault: str | None,
    manifest_key: str | None = None,
    recipients: Sequence[str] = (),
    identity: str | None = None,
) -> None:
    """Select the vault and the keys of this process; None and empty leave the settings.

    Args:
        vault: A folder, ``s3://BUCKET/FOLDER``, or the name of a BackupVault block.
        manifest_key: Path of the file with the manifest key.
        recipients: Public keys of age.
        identity: Path of the file with the secret keys.

    Raises:
        SettingsError: the address holds credentials, or the key's file cannot be read.
        UntrustedPath: another user can read the key's file.
    """
    if vault and "://" in vault and "@" in vault:
        raise SettingsError(
            "--vault: the address holds credentials, which every user of this machine can see in the process list.",
            "Set RETAIL_VAULT_ACCESS_KEY_ID and RETAIL_VAULT_SECRET_ACCESS_KEY instead.",
            setting="vault",
        )
    key = None
    if manifest_key:
        from tasks.backup.keys.manifest_key import read_manifest_key

        key = read_manifest_key(Path(manifest_key))
    set_command_line(
        {
            "retail_vault": vault or None,
            "retail_vault_recipients": tuple(recipients) or None,
            "retail_vault_identity": identity or None,
            "retail_manifest_key": key,
        }
    )
