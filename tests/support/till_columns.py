"""Deliveries of tills with columns beyond the usual eight, and the warehouses that earlier releases made of them.

The first passed the columns over, and the last before any shop's exports all but the currency. ``till_columns.sql`` and
``till_columns_0022.sql`` have the rows that they loaded, one run a delivery.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tests.support import deliveries
from tests.support.older_schema import create_schema_at

NAMES = (*deliveries.NAMES, "Currency", "Store", "Amount")
Line = tuple[str, ...]
FEED = "tills"
_UK = "United Kingdom"
_FIRST: tuple[Line, ...] = (
    ("900001", "S1", "Mug", "2", "2025-01-04 10:00:00", "4.00", "101", _UK, "GBP", "Leeds", "8.00"),
    # The same sale in another store, one in another currency, one whose amount is not quantity x price.
    ("900001", "S1", "Mug", "2", "2025-01-04 10:00:00", "4.00", "101", _UK, "GBP", "York", "8.00"),
    ("900002", "S2", "Bowl", "3", "2025-01-04 10:05:00", "3.33", "102", "France", "EUR", "Leeds", "10.00"),
    (
        "900002",
        "POST",
        "Postage",
        "1",
        "2025-01-04 10:05:00",
        "5.00",
        "102",
        "France",
        "EUR",
        "Leeds",
        "5.00",
    ),
    ("900003", "S3", "Jug", "1", "2025-01-04 10:07:00", "7.50", "00103", _UK, "GBP", "", "7.50"),
)
_SECOND: tuple[Line, ...] = (
    *_FIRST[2:4],
    ("C900004", "S1", "Mug", "-1", "2025-01-05 11:00:00", "4.00", "101", _UK, "GBP", "York", "-4.00"),
    ("900005", "S3", "Jug", "5", "2025-01-05 11:30:00", "7.00", "", _UK, "GBP", "York", "35.00"),
)
DELIVERIES = {"saturday.csv": _FIRST, "sunday.csv": _SECOND}


def write(
    folder: Path, deliveries: dict[str, tuple[Line, ...]] = DELIVERIES, *, columns: int = len(NAMES)
) -> Path:
    """Write the first columns of the deliveries as CSV files into a folder and return it."""
    folder.mkdir(parents=True)
    for name, lines in deliveries.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(line[:columns] for line in _with_header(lines))
    return folder


def _with_header(lines: Iterable[Line]) -> list[Line]:
    return [NAMES, *lines]


async def load_tills(database: ConnectionSettings) -> None:
    """Fill a database without our schemas with the warehouse that the earlier release made of ``DELIVERIES``."""
    await _load(database, "0003_views_and_access", "till_columns.sql")


async def load_tills_with_currencies(database: ConnectionSettings) -> None:
    """Fill a database without our schemas with the warehouse of the release that read the column Currency, too."""
    await _load(database, "0022_decimal_of_loaded_feeds", "till_columns_0022.sql")


async def _load(database: ConnectionSettings, revision: str, file: str) -> None:
    await create_schema_at(database, revision)
    rows = Path(__file__).with_name(file).read_text(encoding="utf-8")
    async with connected(database) as connection:
        await connection.execute(f"begin;\n{rows};\ncommit")
