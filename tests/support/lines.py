"""Build lines for tests, and run them through the validate stage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from tasks.ingest.currency import deliveries_telling
from tasks.ingest.ingested import IngestedFile
from tasks.ingest.part import distinct_texts
from tasks.ingest.schema import AMOUNTS, BRONZE, COLUMNS
from tasks.validate.contract import build_contract
from tasks.validate.findings import Findings
from tasks.validate.line_id import CopyNumbers, line_ids
from tasks.validate.normalise import normalise
from tasks.validate.settings import FeedSettings, ValidationSettings
from tasks.validate.silver import Silver, validate
from tasks.workspace.outputs import part_path
from tests.support.deliveries import ROW, bronze_of, ingest_sources

AS_OF = date(2011, 12, 31)


def bronze(*lines: Mapping[str, str | None], delivery: str = "day.csv", first: int = 1) -> pl.DataFrame:
    """Build bronze rows of one delivery: per item of ``lines`` the sample row with these columns changed."""
    sample: dict[str, Any] = {
        "delivery": delivery,
        "content_hash": "0",
        **dict(zip(COLUMNS, ROW, strict=True)),
    }
    rows = [{**sample, "line_no": number, **line} for number, line in enumerate(lines, first)]
    return pl.DataFrame(rows, schema=BRONZE)


def normalise_values(column: str, values: Sequence[str | None], output: str, **settings: Any) -> list[Any]:
    """Normalise values of a bronze column and return the column ``output`` of the typed lines."""
    lines = bronze(*({column: value} for value in values))
    return normalise(lines, FeedSettings(**settings)).get_column(output).to_list()


def typed_lines(frame: pl.DataFrame, feed: str = "default", **settings: Any) -> pl.DataFrame:
    """Type bronze rows, with line id and copy number."""
    telling = deliveries_telling(frame, distinct_texts(frame, ("currency", *AMOUNTS)))
    return CopyNumbers(1).number(line_ids(normalise(frame, FeedSettings(**settings), telling), feed, "GBP"))


def checked_lines(frame: pl.DataFrame, **settings: Any) -> pl.DataFrame:
    """Type bronze rows of one delivery as the rules see them: with what is found about it as a whole."""
    name = frame.get_column("delivery")[0]
    raw = frame.with_columns(pl.col("delivery").cast(pl.Enum([name])))
    lines = typed_lines(frame, **settings)
    return lines.hstack(
        Findings([IngestedFile(name, "0", frame.height, 0)]).of_part(raw, lines, lambda: None)
    )


def broken_rules(
    *lines: Mapping[str, str | None], as_of: date = AS_OF, **settings: Any
) -> list[set[tuple[str, str, str]]]:
    """Return the rules (name, dimension, severity) that each line breaks."""
    violations = build_contract(as_of).violations(checked_lines(bronze(*lines), **settings))
    broken: list[set[tuple[str, str, str]]] = [set() for _ in lines]
    for row, *rule in violations.select("row", "rule", "dimension", "severity").iter_rows():
        broken[row].add((rule[0], rule[1], rule[2]))
    return broken


def validate_sources(
    workspace: Path, sources: Iterable[Path], as_of: date = AS_OF, **settings: Any
) -> Silver:
    """Ingest and validate deliveries as one batch."""
    batch = bronze_of(ingest_sources(workspace, *sources))
    return validate(batch, ValidationSettings(FeedSettings(**settings), as_of), workspace)


def lines_of(silver: Silver) -> pl.DataFrame:
    """Read all lines of a silver."""
    return pl.concat(pl.read_parquet(part_path(silver.folder, number)) for number in range(silver.parts))
