"""Input files of the benchmark, derived from the bundled lines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.demo import BUNDLED

COPIES = 10
DAY_LINES = 2_000
# A till repeats the end of the day before: this many lines of the extra day are already loaded.
DAY_KNOWN = 100
_DAY = pl.col("InvoiceDate").str.head(10)


@dataclass(frozen=True)
class Data:
    """Paths of the files: one CSV per day, all lines in one CSV, ten copies of the days, and one extra day.

    ``lines`` and ``files`` count the days once.
    """

    days: Path
    whole: Path
    copies: Path
    extra_day: Path
    lines: int
    files: int


def write_data(folder: Path, max_days: int | None = None) -> Data:
    """Write all files under ``folder`` for the first ``max_days`` days (all 305 if None).

    Copy k of the days is k years earlier and its invoice numbers end with the digit k (copy 0 is unchanged): no two
    lines are equal, and the copies look like ten years of sales.
    """
    lines = pl.read_parquet(BUNDLED)
    names = lines.select(_DAY.unique().sort()).to_series().to_list()[:max_days]
    lines = lines.filter(_DAY.is_in(names))
    data = Data(
        folder / "days",
        folder / "whole.csv",
        folder / "copies",
        folder / "extra-day.csv",
        lines.height,
        len(names),
    )
    _write_days(lines, data.days)
    lines.write_csv(data.whole)
    for number in range(COPIES):
        _write_days(_copy(lines, number), data.copies / str(number))
    _extra_day(lines, names[-1]).write_csv(data.extra_day)
    return data


def _copy(lines: pl.DataFrame, number: int) -> pl.DataFrame:
    if number == 0:
        return lines
    year = pl.col("InvoiceDate").str.head(4).cast(pl.Int32) - number
    return lines.with_columns(
        pl.col("InvoiceNo") + str(number),
        (year.cast(pl.String) + pl.col("InvoiceDate").str.slice(4)).alias("InvoiceDate"),
    )


def _extra_day(lines: pl.DataFrame, last: str) -> pl.DataFrame:
    """Build a day of new invoices, preceded by lines of the last day that are already loaded."""
    known = lines.filter(_DAY.eq(last)).head(DAY_KNOWN)
    new = lines.filter(_DAY.lt(last)).tail(DAY_LINES - known.height)
    # No copy has invoice numbers with the suffix 0, nor a date this late.
    new = new.with_columns(
        pl.col("InvoiceNo") + "0",
        ("2011-12-10" + pl.col("InvoiceDate").str.slice(10)).alias("InvoiceDate"),
    )
    return pl.concat([known, new])


def _write_days(lines: pl.DataFrame, folder: Path) -> None:
    folder.mkdir(parents=True)
    for (day,), lines_of_day in lines.with_columns(day=_DAY).partition_by("day", as_dict=True).items():
        lines_of_day.drop("day").write_csv(folder / f"{day}.csv")
