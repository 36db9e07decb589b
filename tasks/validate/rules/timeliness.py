"""Timeliness: the time of the sale is plausible."""

from datetime import date, datetime, timedelta

import polars as pl

from tasks.validate.rules import Rule

EARLIEST = datetime(2000, 1, 1)


def rules(as_of: date) -> tuple[Rule, ...]:
    """Return the rules for a run on the local date ``as_of``."""
    end = datetime.combine(as_of + timedelta(days=1), datetime.min.time())
    sold = pl.col("sold_at_local")
    return (
        Rule(
            "not_in_the_future",
            "sold_at_local",
            "error",
            sold.is_null() | (sold < end),
            "the local date of the sale is not after that of the run",
        ),
        Rule(
            "not_before_2000",
            "sold_at_local",
            "error",
            sold.is_null() | (sold >= EARLIEST),
            "the sale is not before the year 2000",
        ),
    )
