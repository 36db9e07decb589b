"""Datasets, their columns, and what each column is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# OpenLineage's subtypes of transformations; the first three are direct: the value itself comes from there.
Kind = Literal[
    "IDENTITY", "TRANSFORMATION", "AGGREGATION", "JOIN", "GROUP_BY", "FILTER", "SORT", "WINDOW", "CONDITIONAL"
]
_DIRECT = frozenset({"IDENTITY", "TRANSFORMATION", "AGGREGATION"})


@dataclass(frozen=True)
class Input:
    """A column that another column is made of, or that decides its value.

    Attributes:
        dataset: Name of its dataset.
        column: Its name.
        kind: How it is used.
        description: What is done with it; empty if it is taken as it is.
        masking: Whether its value cannot be read back, as from a hash.
    """

    dataset: str
    column: str
    kind: Kind = "IDENTITY"
    description: str = ""
    masking: bool = False

    @property
    def is_direct(self) -> bool:
        """Whether the value comes from this column; else it only decides which value or row is taken."""
        return self.kind in _DIRECT


@dataclass(frozen=True)
class Column:
    """A column, its type, and its inputs: none if the pipeline makes it without reading a column."""

    name: str
    type: str
    inputs: tuple[Input, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """A dataset: a delivery, a stage's output, a table or a view.

    Attributes:
        name: ``delivery``, ``bronze``, ``silver``, ``quarantine``, or schema and name of a table or view.
        columns: Its columns.
        row_inputs: Columns that decide which rows it has: joins, filters, groups.
    """

    name: str
    columns: tuple[Column, ...]
    row_inputs: tuple[Input, ...] = ()

    @property
    def upstream(self) -> tuple[str, ...]:
        """Names of the datasets that it is made of, each once."""
        inputs = [item for column in self.columns for item in column.inputs]
        return tuple(dict.fromkeys(item.dataset for item in (*inputs, *self.row_inputs)))


def inputs(
    dataset: str, *columns: str, kind: Kind = "IDENTITY", description: str = "", masking: bool = False
) -> tuple[Input, ...]:
    """Some columns of a dataset as inputs of the same kind."""
    return tuple(Input(dataset, column, kind, description, masking) for column in columns)
