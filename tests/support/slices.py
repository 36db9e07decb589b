"""Small deliveries for the tests: real invoices, and made-up ones for cases the real data lacks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from itertools import count
from os import getpid
from pathlib import Path

import polars as pl

from flows.demo import BUNDLED
from tasks.postgres.connect import ConnectionSettings, connected, with_database
from tasks.postgres.embedded.server import SUPERUSER, EmbeddedServer
from tests.conftest import create_database

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
Line = tuple[str | None, ...]

# Identical lines (536409, 536446, 536488), cancellations, stock movements without a customer, an adjustment
# with a negative price, France, a code in upper and lower case, products with several descriptions.
REAL = (
    "536365",
    "536366",
    "536367",
    "536370",
    "536377",
    "536394",
    "536409",
    "536414",
    "536415",
    "536446",
    "536488",
    "C536379",
    "C536391",
    "A563186",
    "536545",
    "555524",
)
_UK = "United Kingdom"
_NOON = "2011-11-01 12:00:00"
MADE: dict[str, tuple[Line, ...]] = {
    # A product with several descriptions at the same time, where the C collation differs; price 0 never wins.
    "900001": (
        ("900001", "85123A", "zebra heart", "1", _NOON, "2.55", None, _UK),
        ("900001", "85123a", "Apple heart", "1", _NOON, "2.55", "17850", _UK),
        ("900001", "85123A", "damaged", "-5", "2011-12-01 09:00:00", "0.0", None, _UK),
        ("900001", "NODESC", None, "1", _NOON, "1.00", "17850", _UK),
    ),
    "900002": (
        ("900002", "85123A", "\u00c9clair heart", "2", _NOON, "2.5500", "17850.0", _UK),
        ("900002", "71053", "lantern, check", "-1", _NOON, "0", None, _UK),
        ("900002", "71053", "lantern, lost", "-1", _NOON, "0", None, _UK),
        ("900002", "ZEROES", "check", "-1", "2011-11-02 12:00:00", "0", None, _UK),
    ),
    "900003": (
        ("900003", "ZEROES", "found", "1", _NOON, "0", None, "Iceland"),
        ("900003", "ZEROES", "a description", "1", "2011-10-01 12:00:00", "0.0001", "12347", " Iceland "),
        (" 900003 ", "noDesc", " described later\t", "3", "2011-11-03 12:00:00", "1", None, None),
        ("900003", "71053", "nowhere", "1", _NOON, "3.39", None, "  "),
    ),
    # Local times that exist twice in London or New York, and times that one of them skips.
    "900004": (
        ("900004", "22752", "early second", "1", "2011-10-30 01:30:00", "7.65", "17850", _UK),
        ("900004", "22752", "late first", "1", "2011-10-30 01:45:00", "7.65", "17850", _UK),
        ("900004", "22752", "New York twice", "1", "2011-11-06 01:30:00", "7.65", "17850", _UK),
        ("900004", "22752", "London skips it", "1", "2011-03-27 01:30:00", "7.65", "17850", _UK),
        ("900004", "22752", "New York skips it", "1", "2011-03-13 02:30:00", "7.65", "17850", _UK),
        ("900004", "22752", "nothing sold", "0", _NOON, "7.65", "17850", _UK),
        ("900004", "22752", "nothing sold", "0", _NOON, "7.65", "17850", _UK),
    ),
    # Sales an hour apart in hours that London or New York has twice: told with their offset, and not.
    "900005": (
        ("900005", "22752", "London twice", "1", "2010-10-31 01:30:00+01:00", "7.65", "17850", _UK),
        ("900005", "22752", "London twice", "1", "2010-10-31 01:30:00+00:00", "7.65", "17850", _UK),
        ("900005", "22752", "London twice", "1", "2010-10-31 01:30:00", "7.65", "17850", _UK),
        ("900005", "22752", "London twice", "1", "2010-10-31T01:30:00Z", "7.65", "17850", _UK),
        ("900005", "22752", "New York twice", "1", "2011-11-06 01:30:00-05:00", "7.65", "17850", _UK),
        ("900005", "22752", "New York twice", "1", "2011-11-06 01:30:00", "7.65", "17850", _UK),
        ("900005", "22752", "once", "1", "2011-11-01 12:00:00+00:00", "7.65", "17850", _UK),
        ("900005", "22752", "once", "1", "2011-11-01 12:00:00", "7.65", "17850", _UK),
        # Words for missing.
        ("900005", "NOWORDS", "NULL", "1", _NOON, "1", "nan", "n/a"),
        ("900005", "NOWORDS", "-", "1", _NOON, "1", None, "\\N"),
    ),
}
_numbers = count(1)


@cache
def invoices() -> dict[str, tuple[Line, ...]]:
    """Return the lines by invoice number: 16 real invoices and the made-up ones, 260 lines."""
    lines = pl.scan_parquet(BUNDLED).filter(pl.col("InvoiceNo").is_in(REAL)).select(COLUMNS).collect()
    real = {number: tuple(line for line in lines.rows() if line[0] == number) for number in REAL}
    return real | MADE


def days(first: int, last: int) -> list[Line]:
    """Return lines of the first days of trade (1 to 4 are 1 to 5 December 2010), 60 invoices of each day."""
    dates = ("2010-12-01", "2010-12-02", "2010-12-03", "2010-12-05")[first - 1 : last]
    day = pl.col("InvoiceDate").str.head(10)
    lines = pl.scan_parquet(BUNDLED).filter(day.is_in(dates)).select(COLUMNS)
    kept = lines.filter(pl.col("InvoiceNo").rank("dense").over(day) <= 60)
    return kept.collect().rows()


def write(path: Path, lines: Iterable[Sequence[str | None]]) -> Path:
    """Write a delivery as CSV or Parquet, by the file's suffix; a ninth value of a line is its currency."""
    rows = list(lines)
    names = [*COLUMNS, "Currency"][: max(len(COLUMNS), *(len(row) for row in rows))]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        frame.write_csv(path)
    return path


def with_values(line: Line, **values: str | None) -> Line:
    """Return the line with other values in some columns."""
    changed = (values.get(column, value) for column, value in zip(COLUMNS, line, strict=False))
    return (*changed, *line[len(COLUMNS) :])


@asynccontextmanager
async def fresh_warehouse(server: EmbeddedServer, template: str) -> AsyncIterator[ConnectionSettings]:
    """Create a further empty warehouse, for tests that compare two or need one for each example."""
    name = f"slice_{getpid()}_{next(_numbers)}"
    await create_database(server.settings(), name, template)
    try:
        yield with_database(server.settings(), name)
    finally:
        # As the superuser: the owner cannot end an autovacuum worker in the database.
        async with connected(server.settings(SUPERUSER, SUPERUSER)) as connection:
            await connection.execute(f"drop database {name} with (force)")
