"""The rules of a line, one file a dimension. ``contract.py`` assembles them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Rule:
    """A rule of a line: ``holds`` is true where the line keeps it; null counts as broken.

    An error rule quarantines the line, a warning only counts it. A line whose ``fault`` is set is judged by
    ``row_complete`` alone, since its columns are unknown. ``explanation`` completes "holds if" in docs/contract.md.
    """

    name: str
    column: str
    severity: Severity
    holds: pl.Expr
    explanation: str
