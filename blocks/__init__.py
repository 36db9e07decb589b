"""The blocks that users configure in the Prefect UI: ``from blocks import SupabaseWarehouse``.

Blocks are imported lazily, so that reading the settings does not import Prefect.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blocks.alerts import Alerts
    from blocks.api_users import ApiUsers
    from blocks.vault import BackupVault
    from blocks.warehouse import SupabaseWarehouse

__all__ = ["Alerts", "ApiUsers", "BackupVault", "SupabaseWarehouse"]
_MODULES = {
    "Alerts": "blocks.alerts",
    "ApiUsers": "blocks.api_users",
    "BackupVault": "blocks.vault",
    "SupabaseWarehouse": "blocks.warehouse",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'blocks' has no attribute {name!r}")


def __dir__() -> list[str]:
    # ``prefect block register -m blocks`` discovers the blocks through it.
    return sorted({*globals(), *__all__})
