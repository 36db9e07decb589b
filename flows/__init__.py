"""The flows: ``from flows import retail_etl``.

Each is imported on first use, so that the command line starts without Prefect.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.alerts import retail_alert
    from flows.backup import retail_backup
    from flows.doctor import retail_doctor
    from flows.etl import retail_etl
    from flows.prune import retail_prune
    from flows.restore import retail_restore
    from flows.verify import retail_verify
    from flows.watch import retail_watch
    from flows.withdraw import retail_withdraw

__all__ = [
    "retail_alert",
    "retail_backup",
    "retail_doctor",
    "retail_etl",
    "retail_prune",
    "retail_restore",
    "retail_verify",
    "retail_watch",
    "retail_withdraw",
]
_MODULES = {
    "retail_alert": "flows.alerts",
    "retail_backup": "flows.backup",
    "retail_doctor": "flows.doctor",
    "retail_etl": "flows.etl",
    "retail_prune": "flows.prune",
    "retail_restore": "flows.restore",
    "retail_verify": "flows.verify",
    "retail_watch": "flows.watch",
    "retail_withdraw": "flows.withdraw",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'flows' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
