"""The faulty lines of deliveries that were refused, as the ledger keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tasks import progress
from tasks.errors import OutputDamaged
from tasks.workspace.integrity import read_checked

# Of a run: its end is one statement, with all of them in one parameter.
_MAX_BYTES = 16 * 1024**2
_LINE_BYTES = 100


def read_refused_lines(quarantines: Mapping[str, str], kept_lines: int) -> dict[str, list[dict[str, Any]]]:
    """Read the first faulty lines of refused deliveries, 16 MB of all of them together.

    Args:
        quarantines: Path of the quarantined lines of its batch for each delivery.
        kept_lines: Lines to read of each delivery.

    Returns:
        By delivery, lines with ``line_no``, ``rules``, ``rejected_values`` and ``raw``. Empty for a delivery whose
        file is gone from the workspace or damaged: the refusal is recorded all the same.
    """
    by_path: dict[str, list[str]] = {}
    for name, path in quarantines.items():
        by_path.setdefault(path, []).append(name)
    lines: dict[str, list[dict[str, Any]]] = {}
    size = 0
    for path, names in by_path.items():
        for row in _read(path, names, kept_lines):
            size += len(row["raw"].encode()) + _LINE_BYTES
            if size > _MAX_BYTES:
                return lines
            lines.setdefault(row.pop("delivery"), []).append(row)
    return lines


def _read(path: str, names: Sequence[str], kept_lines: int) -> list[dict[str, Any]]:
    try:
        content = read_checked(Path(path))
    except OutputDamaged as error:
        progress.report("report.lines_missing", str(error))
        return []
    return (
        pl.read_parquet(content)
        .filter(pl.col("delivery").is_in(names))
        .sort("delivery", "line_no")
        .group_by("delivery", maintain_order=True)
        .head(kept_lines)
        .select("delivery", "line_no", "rules", pl.col("values").alias("rejected_values"), "raw")
        .to_dicts()
    )
