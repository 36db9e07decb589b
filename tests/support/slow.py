"""Parameters of which `make test` runs a few, and `make test-slow` the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def slow_but(quick: Collection[Any], values: Iterable[Any]) -> list[Any]:
    """Return the values as parameters, all but ``quick`` marked slow."""
    return [value if value in quick else _slow(value) for value in values]


def _slow(value: Any) -> Any:
    fields = value if isinstance(value, tuple) else (value,)
    return pytest.param(*fields, marks=pytest.mark.slow)
