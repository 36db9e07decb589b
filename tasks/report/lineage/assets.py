"""The tables and views that a run changed, as assets of Prefect, each with the assets it is made of.

The assets are named explicitly. Prefect's own chain follows the identity of what tasks return, which draws edges that
are not there, and ``@materialize`` is a kind of task of its own, unlike our steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.outside_text import displayable
from tasks.postgres.settings import ConnectionSettings
from tasks.report.lineage.location import asset_key, file_location, folder_of, table_location
from tasks.report.lineage.star_schema import LOADED
from tasks.report.lineage.views import VIEWS
from tasks.report.run_report import RunReport

# Prefect sends an event for each; with more deliveries, their folders are the assets.
_DELIVERIES = 10
_CHANGED = ("loaded", "replaced")
_OWN = "retail_dwh."


@dataclass(frozen=True)
class Materialization:
    """Assets that a run wrote, by key with their names, and the keys of those that they are made of."""

    assets: Mapping[str, str]
    made_of: tuple[str, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)


def materializations(report: RunReport, warehouse: ConnectionSettings | None) -> tuple[Materialization, ...]:
    """What a run wrote: dimensions and facts from the deliveries, then the views; nothing if nothing was loaded."""
    names = [delivery.name for delivery in report.deliveries if delivery.outcome in _CHANGED]
    if warehouse is None or not names:
        return ()
    metadata = {
        "run_id": report.run_id,
        "rows_loaded": report.rows_loaded,
        "quality_score": report.quality_score,
        "feed": displayable(report.feed["feed"]),
    }
    deliveries = _deliveries(names)
    dimensions = [table.name for table in LOADED if table.name != f"{_OWN}fact_sale"]
    made = [
        Materialization(_assets(dimensions, warehouse), deliveries, metadata),
        Materialization(
            _assets([f"{_OWN}fact_sale"], warehouse), (*deliveries, *_assets(dimensions, warehouse)), metadata
        ),
    ]
    made += [
        Materialization(_assets([view.name], warehouse), tuple(_assets(view.upstream, warehouse)), metadata)
        for view in VIEWS
    ]
    return tuple(made)


def _assets(tables: Iterable[str], warehouse: ConnectionSettings) -> dict[str, str]:
    return {asset_key(table_location(warehouse, table)): table for table in tables}


def _deliveries(names: list[str]) -> tuple[str, ...]:
    locations = [file_location(name) for name in names]
    if len(locations) > _DELIVERIES:
        locations = list(dict.fromkeys(map(folder_of, locations)))[:_DELIVERIES]
    return tuple(dict.fromkeys(map(asset_key, locations)))
