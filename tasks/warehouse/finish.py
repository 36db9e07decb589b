"""The end of a run's work in the warehouse: keys and indexes that are missing are added, and its figures are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.copy import fetch_json
from tasks.warehouse.indexes import complete_indexes, keys_query, missing_keys
from tasks.warehouse.warehouse_figures import WarehouseFigures, figures_of, figures_query, read_figures


@dataclass(frozen=True)
class FinishedWarehouse:
    """The figures of the warehouse after a run, and why something in it is still missing."""

    figures: WarehouseFigures
    degraded_reasons: tuple[str, ...] = ()


def finish_query(rows_loaded: int) -> str:
    """Return the query of the keys that fact_sale has and of the figures; ``finished_by`` reads its answer."""
    return f"select json_build_array(({keys_query()}), ({figures_query(rows_loaded, without_key=False)}))"


def finished_by(answer: Sequence[Any]) -> FinishedWarehouse | None:
    """Return the warehouse of an answer to ``finish_query``, None if keys are missing."""
    keys, figures = answer
    return None if missing_keys(keys) else FinishedWarehouse(figures_of(figures))


async def finish(
    settings: ConnectionSettings, rows_loaded: int, *, is_new: bool = False
) -> FinishedWarehouse:
    """Add missing keys and indexes, analyse, and read the figures of the warehouse.

    See ``complete_indexes`` and ``read_figures`` for the errors.

    Args:
        settings: The warehouse.
        rows_loaded: Lines that the run loaded.
        is_new: Whether the run created the schema, so that the keys are missing.
    """
    if not is_new:
        async with connected(settings) as connection:
            (answer,) = await fetch_json(connection, finish_query(rows_loaded))
        finished = finished_by(answer)
        if finished is not None:
            return finished
    figures: list[WarehouseFigures] = []

    async def read() -> None:
        figures.append(await read_figures(settings, rows_loaded))

    completion = await complete_indexes(settings, read, is_incomplete=True)
    return FinishedWarehouse(figures[0], completion.degraded_reasons)
