"""Names of blocks. Anything else in the place of one may be an address with a password, and is never quoted."""

from __future__ import annotations

import os
import re

from tasks.errors import SettingsError

BLOCK_NAME = "[a-z0-9-]+"
NOT_A_BLOCK_NAME = "not the name of a block, which has only lower-case letters, digits and dashes"


def is_block_name(text: str) -> bool:
    """True for a name that Prefect accepts for a block."""
    return re.fullmatch(BLOCK_NAME, text) is not None


def ensure_block_name(name: str, setting: str) -> None:
    """Raise SettingsError, without quoting it, for text in ``setting`` that cannot be a block's name."""
    if not is_block_name(name):
        raise SettingsError(
            f"{setting}: this is {NOT_A_BLOCK_NAME}.", where_it_belongs(setting), setting=setting
        )


def is_vault_address(text: str) -> bool:
    """True for the address of a vault, False for the name of its block: a folder is written with a slash."""
    return "://" in text or "/" in text or os.sep in text or text.startswith((".", "~"))


def where_it_belongs(setting: str) -> str:
    """The next step for somebody who put an address in the place of a block's name."""
    if "alerts" in setting.lower():
        return "Set it to the name of an Alerts block; a webhook belongs in PIPELINE_SLACK_WEBHOOK_URL."
    if "api" in setting.lower():
        return "Set it to the name of an ApiUsers block; users with their hashes belong in RETAIL_API_USERS."
    if "vault" in setting.lower():
        return (
            "Set it to the name of a BackupVault block; a folder or an s3:// address belongs in RETAIL_VAULT."
        )
    return "Set it to the name of a SupabaseWarehouse block; an address belongs in DATABASE_URL."
