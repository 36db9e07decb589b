"""What a person configures in the Prefect UI: ``from blocks import SupabaseWarehouse``.

Nothing is imported before it is asked for: settings are read without Prefect.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blocks.alerts import Alerts
    from blocks.warehouse import SupabaseWarehouse

__all__ = ["Alerts", "SupabaseWarehouse"]
_MODULES = {"Alerts": "blocks.alerts", "SupabaseWarehouse": "blocks.warehouse"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'blocks' has no attribute {name!r}")


def __dir__() -> list[str]:
    # ``prefect block register -m blocks`` finds the blocks by it.
    return sorted({*globals(), *__all__})
