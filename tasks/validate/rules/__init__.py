"""Rules of a line, one module per dimension; ``contract.py`` assembles them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Rule:
    """A rule of a line.

    A line whose ``fault`` is set is only checked by ``row_complete`` and ``word_known``, since its columns are unknown or of
    an unknown meaning.

    Attributes:
        name: Name of the rule, as stored in the quarantine.
        column: The column that the rule is about.
        severity: An error quarantines the line, a warning is only counted.
        holds: Boolean expression; a line with false or null breaks the rule.
        explanation: Completes "holds if" in docs/contract.md.
        only_with: Column that few deliveries have a value in: where it is null the rule holds, and is not evaluated for
            parts without one. Empty for most rules.
        way_out: What to do about lines that break it, as a sentence for the report; empty if the explanation says it.
    """

    name: str
    column: str
    severity: Severity
    holds: pl.Expr
    explanation: str
    way_out: str = ""
    only_with: str = ""
