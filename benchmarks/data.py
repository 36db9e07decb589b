"""The files that a benchmark loads, all made from the bundled lines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.demo import BUNDLED

COPIES = 10
DAY_LINES = 2_000
# A till that repeats the end of the day before: this many lines of the further day are known already.
DAY_KNOWN = 100
_DAY = pl.col("InvoiceDate").str.head(10)


@dataclass(frozen=True)
class Data:
    """Where the files are: the days as one CSV each, all their lines in one CSV, ten copies of the days, and
    one further day; ``lines`` and ``files`` count the days once."""

    days: Path
    whole: Path
    copies: Path
    further_day: Path
    lines: int
    files: int


def write(folder: Path, most_days: int | None = None) -> Data:
    """Write all files under ``folder``, of the first ``most_days`` days (all 305 if None).

    Copy k of the days lies k years earlier and has the digit k behind its invoice numbers (copy 0 is as
    published): no two lines are the same, and the copies together look like ten years of trade.
    """
    lines = pl.read_parquet(BUNDLED)
    names = lines.select(_DAY.unique().sort()).to_series().to_list()[:most_days]
    lines = lines.filter(_DAY.is_in(names))
    data = Data(
        folder / "days",
        folder / "whole.csv",
        folder / "copies",
        folder / "further-day.csv",
        lines.height,
        len(names),
    )
    _write_days(lines, data.days)
    lines.write_csv(data.whole)
    for number in range(COPIES):
        _write_days(_copy(lines, number), data.copies / str(number))
    _further_day(lines, names[-1]).write_csv(data.further_day)
    return data


def _copy(lines: pl.DataFrame, number: int) -> pl.DataFrame:
    if number == 0:
        return lines
    year = pl.col("InvoiceDate").str.head(4).cast(pl.Int32) - number
    return lines.with_columns(
        pl.col("InvoiceNo") + str(number),
        (year.cast(pl.String) + pl.col("InvoiceDate").str.slice(4)).alias("InvoiceDate"),
    )


def _further_day(lines: pl.DataFrame, last: str) -> pl.DataFrame:
    """A day of new invoices, with some lines of the last day in front that are known already."""
    known = lines.filter(_DAY.eq(last)).head(DAY_KNOWN)
    new = lines.filter(_DAY.lt(last)).tail(DAY_LINES - known.height)
    # No copy has the digit 0 behind its invoice numbers, or a day so late.
    new = new.with_columns(
        pl.col("InvoiceNo") + "0",
        ("2011-12-10" + pl.col("InvoiceDate").str.slice(10)).alias("InvoiceDate"),
    )
    return pl.concat([known, new])


def _write_days(lines: pl.DataFrame, folder: Path) -> None:
    folder.mkdir(parents=True)
    for (day,), some in lines.with_columns(day=_DAY).partition_by("day", as_dict=True).items():
        some.drop("day").write_csv(folder / f"{day}.csv")
