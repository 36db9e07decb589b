"""The options ``--warehouse``, ``--data-dir`` and ``--alerts`` that commands share."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from blocks.names import ensure_block_name
from tasks.errors import SettingsError


def set_warehouse_environment(address: str | None, data_dir: str | None) -> None:
    """Select the warehouse of this process through its environment.

    Args:
        address: URL without a password, or the name of a SupabaseWarehouse block; None for that of the settings.
        data_dir: Folder of the embedded Postgres and the workspace; None for that of the settings.

    Raises:
        SettingsError: The URL has a password, which every user of the machine can see in the process list.
    """
    if data_dir:
        os.environ["RETAIL_DATA_DIR"] = data_dir
    if not address:
        return
    if "://" not in address:
        ensure_block_name(address, "--warehouse")
        os.environ["RETAIL_WAREHOUSE"] = address
        return
    os.environ["DATABASE_URL"] = without_password(address, "--warehouse")
    os.environ.pop("RETAIL_WAREHOUSE", None)


def check_alerts_name(name: str) -> None:
    """Raise SettingsError if ``--alerts`` is not a block name: it may be a secret, typed in the wrong place."""
    if name:
        ensure_block_name(name, "--alerts")


def without_password(address: str, option: str) -> str:
    """Return an address of a command line. Raises SettingsError if it holds a password."""
    try:
        password = urlsplit(address).password
    except ValueError:
        password = None
    if password is not None or "password=" in address:
        setting = "DATABASE_URL" if option == "--warehouse" else "RETAIL_PROOF_SERVER"
        raise SettingsError(
            f"{option}: the address holds a password, which every user of this machine can see in the process list.",
            f"Set it in {setting} instead, and leave {option} out.",
            setting=option.removeprefix("--"),
        )
    return address
