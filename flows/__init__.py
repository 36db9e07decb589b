"""What a person runs: ``from flows import retail_etl``.

Nothing is imported before it is asked for, so that the command line can speak at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.alerts import retail_alert
    from flows.doctor import retail_doctor
    from flows.etl import retail_etl

__all__ = ["retail_alert", "retail_doctor", "retail_etl"]
_MODULES = {
    "retail_alert": "flows.alerts",
    "retail_doctor": "flows.doctor",
    "retail_etl": "flows.etl",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'flows' has no attribute {name!r}")
