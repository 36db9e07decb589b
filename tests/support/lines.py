"""Lines made for a test, and what the validate stage makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from tasks.ingest.schema import BRONZE, COLUMNS
from tasks.validate.contract import contract
from tasks.validate.line_id import CopyNumbers, line_ids
from tasks.validate.normalise import normalise
from tasks.validate.settings import FeedSettings, ValidationSettings
from tasks.validate.silver import Silver, validate
from tasks.workspace.outputs import part_path
from tests.support.deliveries import ROW, bronze_of, ingest_sources

AS_OF = date(2011, 12, 31)


def bronze(*lines: Mapping[str, str | None], delivery: str = "day.csv", first: int = 1) -> pl.DataFrame:
    """Bronze rows of one delivery: the sample row, changed as each of ``lines`` says."""
    sample: dict[str, Any] = {
        "delivery": delivery,
        "content_hash": "0",
        **dict(zip(COLUMNS, ROW, strict=True)),
    }
    rows = [{**sample, "line_no": number, **line} for number, line in enumerate(lines, first)]
    return pl.DataFrame(rows, schema=BRONZE)


def typed(column: str, values: Sequence[str | None], read: str, **settings: Any) -> list[Any]:
    """What the values of a bronze column become in the column ``read`` of the typed lines."""
    lines = bronze(*({column: value} for value in values))
    return normalise(lines, FeedSettings(**settings)).get_column(read).to_list()


def numbered(frame: pl.DataFrame, feed: str = "default") -> pl.DataFrame:
    """Bronze rows typed, with identity and copy number."""
    return CopyNumbers(1).number(line_ids(normalise(frame, FeedSettings()), feed))


def broken_rules(*lines: Mapping[str, str | None], as_of: date = AS_OF) -> list[set[tuple[str, str, str]]]:
    """The rules (name, dimension, severity) that each line breaks."""
    violations = contract(as_of).violations(numbered(bronze(*lines)))
    broken: list[set[tuple[str, str, str]]] = [set() for _ in lines]
    for row, *rule in violations.select("row", "rule", "dimension", "severity").iter_rows():
        broken[row].add((rule[0], rule[1], rule[2]))
    return broken


def judge(workspace: Path, sources: Iterable[Path], as_of: date = AS_OF, **settings: Any) -> Silver:
    """Read and judge deliveries as one batch."""
    taken = bronze_of(ingest_sources(workspace, *sources))
    return validate(taken, ValidationSettings(FeedSettings(**settings), as_of), workspace)


def lines_of(silver: Silver) -> pl.DataFrame:
    """All sound lines of a silver."""
    return pl.concat(pl.read_parquet(part_path(silver.folder, number)) for number in range(silver.parts))
