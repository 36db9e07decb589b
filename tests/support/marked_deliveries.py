"""Deliveries whose codes carry what programs leave in them, beside the same sales without.

A warehouse that a release before the normalisation of codes loaded from them is in ``marked_warehouse.sql``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.older_schema import create_schema_at
from tests.support.plain_run import run

ZERO_WIDTH, BYTE_ORDER_MARK, SOFT_HYPHEN = "\u200b", "\ufeff", "\u00ad"
NAMES = (
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

_MUG = ("S1", "Mug", "1", "2025-01-05 10:00:00", "4.00", "101", "United Kingdom")
_BOWL = ("S2", "Bowl", "2", "2025-01-05 10:05:00", "5.00", "102", "United Kingdom")
_AS_FLOATS = (
    ("700001.0", *_MUG[:4], "4.0", "101.0", _MUG[6]),
    ("700002.0", *_BOWL[:4], "5.0", "102.0", _BOWL[6]),
)
_PLAIN = (("700001", *_MUG), ("700002", *_BOWL))
_MARKED = (("700001", f"S1{ZERO_WIDTH}", *_MUG[1:]), (f"{BYTE_ORDER_MARK}700001", *_MUG))


def days(real_lines: pl.DataFrame) -> dict[str, list[Line]]:
    """Return whole invoices of three real days, sales and cancellations, as their lines."""
    day = real_lines.filter(pl.col("InvoiceDate").str.starts_with("2010-12-01"))
    numbers = day.get_column("InvoiceNo").unique(maintain_order=True)
    chosen = {"monday": numbers[3:16], "tuesday": numbers[18:26], "wednesday": numbers[30:34]}
    returned = day.filter(pl.col("InvoiceNo").str.starts_with("C"))
    return {
        name: [
            *day.filter(pl.col("InvoiceNo").is_in(invoices.implode())).select(NAMES).rows(),
            *returned.select(NAMES).rows()[10 * number : 10 * number + 10],
        ]
        for number, (name, invoices) in enumerate(chosen.items())
    }


def as_floats(lines: Iterable[Line]) -> list[Line]:
    """Write the lines' whole numbers as pandas writes a column of floats."""
    return [(*map(_as_float, line[:2]), *line[2:6], _as_float(line[6]), line[7]) for line in lines]


def _as_float(code: str | None) -> str | None:
    return f"{code}.0" if code is not None and code.isdigit() else code


def with_marks(lines: Iterable[Line]) -> list[Line]:
    """Put invisible characters before, into and behind the lines' codes."""
    return [
        (
            f"{BYTE_ORDER_MARK}{line[0]}" if number % 2 else line[0],
            f"{str(line[1])[:2]}{SOFT_HYPHEN}{str(line[1])[2:]} {ZERO_WIDTH}" if number % 3 else line[1],
            *line[2:],
        )
        for number, line in enumerate(lines)
    ]


def deliveries(real_lines: pl.DataFrame) -> dict[str, dict[str, Sequence[Line]]]:
    """Return for each feed its deliveries in the order in which they were loaded, by name."""
    real = days(real_lines)
    return {
        "shop": {
            "monday.csv": real["monday"],
            "monday again.csv": as_floats(real["monday"]),
            "tuesday.csv": with_marks(real["tuesday"]),
            "wednesday.csv": real["wednesday"],
        },
        "numbers": {"floats.csv": _AS_FLOATS, "plain.csv": _PLAIN},
        "marks": {"marked.csv": _MARKED, "plain.csv": _PLAIN[:1]},
        "first only": {"marked.csv": (*_MARKED, _MARKED[0]), "plain.csv": _PLAIN[:1]},
        "copies": {
            "plain.csv": (_PLAIN[0], _PLAIN[0]),
            "marked.csv": (_MARKED[0], _PLAIN[0], _MARKED[0], _MARKED[1]),
            "refund.csv": ((f"{ZERO_WIDTH}c700001", f"po{SOFT_HYPHEN}st", "Postage", "-1", *_MUG[3:]),),
        },
    }


def other_deliveries(real_lines: pl.DataFrame) -> dict[str, dict[str, Sequence[Line]]]:
    """Return the same sales under other names, with marks where they had none and without where they had some."""
    real = days(real_lines)
    return {
        "shop": {
            "monday marked.csv": with_marks(real["monday"]),
            "tuesday plain.csv": real["tuesday"],
            "tuesday floats.csv": as_floats(real["tuesday"]),
            "wednesday marked.csv": with_marks(as_floats(real["wednesday"])),
        },
        "numbers": {"other floats.csv": _AS_FLOATS, "marked.csv": with_marks(_PLAIN)},
        "marks": {"other.csv": _MARKED, "again.csv": _PLAIN[:1]},
        "first only": {"other.csv": _MARKED, "again.csv": _PLAIN[:1]},
        "copies": {
            "other.csv": (*_MARKED, _PLAIN[0]),
            "refund plain.csv": (("C700001", "POST", "Postage", "-1", *_MUG[3:]),),
        },
    }


def write(folder: Path, lines_by_delivery: dict[str, dict[str, Sequence[Line]]]) -> None:
    """Write the deliveries as CSV files, a folder for each feed."""
    for feed, files in lines_by_delivery.items():
        (folder / feed).mkdir(parents=True, exist_ok=True)
        for name, lines in files.items():
            with (folder / feed / name).open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([NAMES, *lines])


async def load_marked_warehouse(database: ConnectionSettings) -> None:
    """Fill a database without our schemas with the warehouse that the earlier release made of ``deliveries``."""
    await create_schema_at(database, "0003_views_and_access")
    rows = Path(__file__).with_name("marked_warehouse.sql").read_text(encoding="utf-8")
    async with connected(database) as connection:
        await connection.execute(f"begin;\n{rows};\ncommit")


async def load_deliveries(
    warehouse: ConnectionSettings, folder: Path, lines_by_delivery: dict[str, dict[str, Sequence[Line]]]
) -> None:
    """Load the deliveries of each feed in one run, named by their files."""
    write(folder, lines_by_delivery)
    for feed in lines_by_delivery:
        await run(
            warehouse,
            folder / "workspace",
            [folder / feed],
            feed=feed,
            root=str(folder / feed),
            identical_lines="drop" if feed == "first only" else "keep",
        )
