"""Records of events for the tests of the sinks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tasks.postgres.settings import ConnectionSettings
from tasks.report.lineage.location import file_location, table_location
from tasks.report.lineage.record import DatasetRecord, EventRecord, JobRun, RunFacts
from tasks.report.lineage.star_schema import LOADED

RUN = JobRun(UUID(int=1), "retail-etl")
WAREHOUSE = ConnectionSettings("db.example.com", 5433, "shop", "loader")
DELIVERY = DatasetRecord(
    "delivery",
    file_location("/data/till.csv"),
    "ab12",
    3,
    120,
    1,
    {"customer_present": 1, "quantity_readable": 0},
)
TABLES = tuple(DatasetRecord(table.name, table_location(WAREHOUSE, table.name), "1") for table in LOADED)


def record(**changes: Any) -> EventRecord:
    """The end of a load, with other values in some fields."""
    locations = {one.kind: (one.location,) for one in (DELIVERY, *TABLES)}
    facts = RunFacts(RUN, "shop", versions={"prefect": "3.9.1", "prefect-retail": "0.1.0"})
    made = EventRecord(
        facts, "COMPLETE", datetime(2026, 1, 2, tzinfo=UTC), RUN, "FLOW", (DELIVERY,), TABLES, locations, True
    )
    return replace(made, **changes)
