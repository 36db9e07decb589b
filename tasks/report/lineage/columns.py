"""Where the columns of the warehouse come from: from a table or view back to the columns of a delivery.

Our own mapping, since no SQL parser sees it: lines reach the warehouse through files and COPY.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from tasks.report.lineage.dataset import Column, Dataset, Input, Kind
from tasks.report.lineage.stages import DELIVERY, STAGES
from tasks.report.lineage.star_schema import LEDGER, TABLES
from tasks.report.lineage.views import VIEWS

__all__ = [
    "DATASETS",
    "Column",
    "Dataset",
    "Input",
    "TableLineage",
    "from_delivery",
    "lineage_of",
    "table_names",
]

_SCHEMA = "retail_dwh"
DATASETS: Mapping[str, Dataset] = {dataset.name: dataset for dataset in (*STAGES, *LEDGER, *TABLES, *VIEWS)}
_LEDGER = frozenset(dataset.name for dataset in LEDGER)


@dataclass(frozen=True)
class TableLineage:
    """The lineage of a table or view.

    Attributes:
        table: Its schema and name.
        columns: Its columns, each with its direct inputs.
        row_inputs: Columns that decide which rows it has: joins, filters, groups.
        upstream: All datasets that it is made of, the nearest first, back to ``delivery`` and ``retail_ops``.
        origins: For each column, the columns at the very start that its value comes from, as ``DATASET.COLUMN``:
            of a delivery or of the ledger. Empty for a column that the pipeline itself makes.
    """

    table: str
    columns: tuple[Column, ...]
    row_inputs: tuple[Input, ...]
    upstream: tuple[Dataset, ...]
    origins: Mapping[str, tuple[str, ...]]


def table_names() -> tuple[str, ...]:
    """Schema and name of every table and view of ``retail_dwh``."""
    return tuple(dataset.name for dataset in (*TABLES, *VIEWS))


def lineage_of(table: str) -> TableLineage | None:
    """The lineage of a table or view of ``retail_dwh``; None if there is no such table.

    Args:
        table: Its name, with or without the schema.
    """
    name = table if "." in table else f"{_SCHEMA}.{table}"
    if name not in table_names():
        return None
    dataset = DATASETS[name]
    origins = {
        column.name: tuple(dict.fromkeys(f"{item.dataset}.{item.column}" for item in column.inputs))
        for column in from_delivery(name).columns
    }
    return TableLineage(name, dataset.columns, dataset.row_inputs, tuple(_upstream(dataset)), origins)


@cache
def from_delivery(name: str) -> Dataset:
    """A dataset with the very first columns that its values come from, of a delivery or of the ledger, as inputs."""
    dataset = DATASETS[name]
    return Dataset(
        name,
        tuple(
            Column(column.name, column.type, tuple(_first_inputs(name, column.name)))
            for column in dataset.columns
        ),
    )


def _upstream(dataset: Dataset) -> Iterator[Dataset]:
    """All datasets upstream, breadth first, each once."""
    seen = {dataset.name}
    level = [dataset]
    while level:
        names = dict.fromkeys(name for member in level for name in member.upstream if name not in seen)
        seen |= set(names)
        level = [DATASETS[name] for name in names]
        yield from level


def _first_inputs(dataset: str, column: str) -> Iterator[Input]:
    """Follow the direct inputs of a column to their start, and sum up what is done on the way."""
    first: dict[tuple[str, str], Input] = {}
    for way in _ways(dataset, column):
        kinds = {step.kind for step in way}
        kind: Kind = "IDENTITY" if kinds == {"IDENTITY"} else "TRANSFORMATION"
        if "AGGREGATION" in kinds:
            kind = "AGGREGATION"
        start = way[-1]
        done = dict.fromkeys(step.description for step in reversed(way) if step.description)
        masking = any(step.masking for step in way)
        first.setdefault(
            (start.dataset, start.column),
            Input(start.dataset, start.column, kind, ", then ".join(done), masking),
        )
    yield from first.values()


def _ways(dataset: str, column: str) -> Iterator[tuple[Input, ...]]:
    """The ways from a column along direct inputs to a column of a delivery or of the ledger, nearest step first."""
    made_of = next(item for item in DATASETS[dataset].columns if item.name == column).inputs
    for step in made_of:
        if not step.is_direct:
            continue
        if step.dataset == DELIVERY or step.dataset in _LEDGER:
            yield (step,)
        for rest in _ways(step.dataset, step.column):
            yield (step, *rest)
